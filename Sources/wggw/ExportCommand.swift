import ArgumentParser
import Gateway

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "A peer's own configuration, for wg-quick and the official apps.",
        discussion: "It holds the peer's private key. JSON: an object with the keys name, conf.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Argument(help: ArgumentHelp("Which.", valueName: "name"), completion: peerNames)
    var name: String

    @Flag(help: "As text (the default).")
    var conf = false

    @Flag(help: "As a QR code in the terminal.")
    var qr = false

    @Option(
        help: ArgumentHelp("As a QR code in a PNG file.", valueName: "file"), completion: .file(extensions: ["png"]))
    var png: String?

    func run() throws {
        let exported = try common.reader("export").export(name)
        common.notes(exported.notices)
        if let png {
            try writePrivateFile(png, try QRCode(exported.text).png())
            common.note("wrote \(png)")
        }
        if qr { Console.raw(try QRCode(exported.text).terminal(colors: Console.hasColors)) }
        if json.isOn {
            Console.raw(JSON.object([("name", .string(name)), ("conf", .string(exported.text))]).text)
        } else if conf || (!qr && png == nil) {
            Console.content(exported.text)
        }
    }
}
