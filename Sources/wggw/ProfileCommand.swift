import ArgumentParser
import Gateway
import NetTypes
import SiteModel
import Storage

struct ProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "The site as a text (TOML): for git, for an editor, for another box.",
        subcommands: [ExportProfile.self, ImportProfile.self, EditProfile.self])

    struct ExportProfile: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Print the newest profile. It holds no secrets.")

        @OptionGroup var common: CommonOptions

        func run() throws { Console.content(try common.reader("profile export").newest().site.profileText()) }
    }

    struct ImportProfile: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Take a profile, or a gateway's wg-quick file, in place of the newest revision.",
            discussion: """
                Of a wg-quick file everything that wg and wg-quick take is taken, keys included, and means the same; what has no \
                place in a site is named with its line. Comments name the peers. Commands are never run: those that forward, \
                masquerade or set a resolver are taken as what they mean, all others are shown. At most 64 MB, 1 MB a line, \
                100,000 peers; in UTF-8, UTF-16 or Latin-1.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var message: MessageOption

        @Argument(
            help: ArgumentHelp("A profile or a wg-quick file (- is standard input).", valueName: "file"),
            completion: .file())
        var file: String

        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp("With a wg-quick file: the LAN's networks, which it does not tell.", valueName: "cidr"),
            transform: parsed { text throws(ParseError) in try IPPrefix(parsing: text) })
        var lan: [IPPrefix] = []

        @Option(help: ArgumentHelp("With --lan: the interface that leads there.", valueName: "if"))
        var lanInterface: String?

        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp(
                "With a wg-quick file: also say why these clients' files do not fit to it.", valueName: "file"),
            completion: .file())
        var client: [String] = []

        func validate() throws {
            if lanInterface != nil && lan.isEmpty { throw ValidationError("--lan-interface goes with --lan") }
        }

        func run() throws {
            let source = FileText(decoding: try readInput(file))
            let why = message.message ?? "import \(file)"
            guard WgQuickConfig.isLikely(source.text) else {
                guard lan.isEmpty && client.isEmpty else {
                    throw ValidationError("--lan and --client go with a wg-quick file, and \(file) is a profile")
                }
                guard source.encoding == .utf8 else { throw GatewayError.file(.noText(path: file)) }
                let site = try Site.parse(source.text, file: file)
                let draft = try common.writer("profile import", mayBeFirst: true).take(site, why: why)
                report(draft, common)
                return common.note("next: `wggw plan`, then `wggw apply`")
            }
            let control = try common.writer("profile import", mayBeFirst: true)
            let draft = try control.takeWgQuick(
                source, file: file, stem: stem, lan: lan.isEmpty ? nil : LAN(interface: lanInterface, subnets: lan),
                clients: try client.map { ($0, FileText(decoding: try readInput($0))) }, why: why)
            report(draft, common)
            common.note("next: `wggw init --endpoint HOST` if peers dial in, `wggw plan`, then `wggw apply`")
        }

        /// What wg-quick calls the interface.
        private var stem: String? {
            let base = file.split(separator: "/").last.map(String.init) ?? file
            return base.hasSuffix(".conf") ? String(base.dropLast(5)) : nil
        }
    }

    struct EditProfile: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "edit",
            abstract: "Open the newest profile in $VISUAL or $EDITOR; it is checked before it is taken.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var message: MessageOption

        func run() throws {
            let control = try common.writer("profile edit")
            var text = try control.newest().site.profileText()
            while true {
                let edited = try edit(text, named: "site.toml")
                if edited == text { return common.note("nothing was changed") }
                do {
                    let site = try Site.parse(edited, file: "site.toml")
                    report(try control.take(site, why: message.message ?? "profile edit"), common)
                    return common.note("next: `wggw plan`, then `wggw apply`")
                } catch let error as ProfileErrors {
                    guard Console.asks("edit it again?", after: error.lines) else { throw error }
                } catch GatewayError.invalid(let problems) {
                    let error = GatewayError.invalid(problems)
                    guard Console.asks("edit it again?", after: error.lines.map(\.text)) else { throw error }
                }
                text = edited
            }
        }
    }
}
