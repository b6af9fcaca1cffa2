import ArgumentParser
import Compiler
import Gateway
import NetTypes
import Reports

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "A peer's own side, for the place where it lives: apps, Linux, phones, routers.",
        discussion: """
            It holds the peer's private key. Files are the caller's alone (0600), and none is replaced without --force.

            --as: wg-quick (the default; also for the official apps), networkmanager (nmcli connection import), networkd, ios and \
            macos (.mobileconfig), openwrt (uci), mikrotik (RouterOS 7), opnsense and unifi (what to type). For a peer that is a \
            gateway itself: gateway (its wg-quick file, for `wggw profile import`), profile (wggw's own, without keys).

            JSON: an object with the keys \(Report.configuration(nil).help); with another form than wg-quick: \(Report.export(nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Argument(help: ArgumentHelp("Which; not with --all.", valueName: "name"), completion: peerNames)
    var name: String?

    @Option(
        name: .customLong("as"), help: ArgumentHelp("The form.", valueName: "form"),
        completion: .list(ExportForm.allCases.map(\.name)),
        transform: parsed { text throws(ParseError) in try ExportForm(parsing: text) })
    var form: ExportForm = .client(.wgQuick)

    @Flag(help: "As text (the default).")
    var conf = false

    @Option(
        help: ArgumentHelp(
            "Dial at this port of the tunnel's, where the peer's network lets no other through (default: the endpoint's).",
            valueName: "port"))
    var port: UInt16?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "Of a disguised peer: which AmneziaWG its app has (default: one that takes all of the site's disguise).",
            valueName: "1.0|1.5|2.0|3.0|3.1"),
        transform: { try choice($0, "1.0, 1.5, 2.0, 3.0 or 3.1") })
    var version: AWGVersion?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Into a file; into a directory where a form has several files.", valueName: "path"),
        completion: .file())
    var output: String?

    @Flag(help: "As a QR code in the terminal.")
    var qr = false

    @Option(
        help: ArgumentHelp("As a QR code in a PNG file.", valueName: "file"), completion: .file(extensions: ["png"]))
    var png: String?

    @Option(
        help: ArgumentHelp("As a QR code in an SVG file.", valueName: "file"), completion: .file(extensions: ["svg"]))
    var svg: String?

    @Flag(help: "Every peer; with --zip.")
    var all = false

    @Option(help: ArgumentHelp("Into a ZIP archive.", valueName: "file"), completion: .file(extensions: ["zip"]))
    var zip: String?

    @Flag(help: "With ios and macos: connect by itself.")
    var onDemand = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("With --on-demand: but in these wireless networks.", valueName: "ssid"))
    var exceptWifi: [String] = []

    @Flag(help: "Replace files that are there.")
    var force = false

    func validate() throws {
        if all != (name == nil) { throw ValidationError("name a peer, or say --all") }
        if all && zip == nil { throw ValidationError("--all goes with --zip FILE") }
        if all && (conf || qr || json.isOn || png != nil || svg != nil || output != nil) {
            throw ValidationError("--all goes into an archive only: --zip FILE")
        }
        if (qr || png != nil || svg != nil) && form != .client(.wgQuick) {
            throw ValidationError("apps scan wg-quick's form only; leave out --as \(form.name)")
        }
        if onDemand && ![.client(.ios), .client(.macos)].contains(form) {
            throw ValidationError("--on-demand goes with --as ios and --as macos")
        }
        if !exceptWifi.isEmpty && !onDemand { throw ValidationError("--except-wifi goes with --on-demand") }
    }

    func run() throws {
        let control = try common.reader("export")
        var choices = ExportChoices()
        choices.onDemand = onDemand ? OnDemand(exceptWiFi: exceptWifi) : nil
        choices.port = port
        choices.version = version
        guard let name else {
            let (exports, notices) = try control.exportAll(as: form, choices)
            common.notes(notices)
            return try writeArchive(exports)
        }
        let exported = try control.export(name, as: form, choices)
        common.notes(exported.notices)
        if let output { try writeFiles(exported, output) }
        if let png { try write(png, try common.code(exported.text).png()) }
        if let svg { try write(svg, Array(try common.code(exported.text).svg().utf8)) }
        if zip != nil { try writeArchive([exported]) }
        if qr { try common.draw(common.code(exported.text)) }
        if json.isOn {
            let report: Report =
                form == .client(.wgQuick) ? .configuration(exported) : .export(exported, as: form)
            Console.raw(report.json.text)
        } else if conf || !(qr || png != nil || svg != nil || zip != nil || output != nil) {
            Console.content(exported.text)
        }
    }

    private func write(_ path: String, _ bytes: [UInt8]) throws {
        try writePrivateFile(path, bytes, replacing: force)
        common.note("wrote \(path)")
    }

    private func writeFiles(_ exported: Export, _ path: String) throws {
        if exported.files.count == 1 { return try write(path, Array(exported.files[0].text.utf8)) }
        for file in exported.files { try write("\(path)/\(file.name)", Array(file.text.utf8)) }
    }

    /// A directory a peer where a form has several files, whose names are the tunnel's.
    private func writeArchive(_ exports: [Export]) throws {
        guard let zip else { return }
        var archive = ZipArchive()
        for export in exports {
            let isFlat = export.files.count == 1 && form != .gateway
            for file in export.files {
                archive.add(isFlat ? file.name : "\(export.name)/\(file.name)", Array(file.text.utf8))
            }
        }
        try write(zip, archive.file)
    }
}

extension CommonOptions {
    /// A file as a code, and what is to be expected of it.
    func code(_ text: String) throws -> QRCode {
        let code = try QRCode(text)
        notes(code.notices)
        return code
    }

    /// Draws a code on the terminal. Lines that break there would make one that nothing reads.
    func draw(_ code: QRCode) throws {
        if let columns = Console.columns { try code.expectRoom(in: columns) }
        Console.raw(code.terminal(colors: Console.hasColors))
    }
}
