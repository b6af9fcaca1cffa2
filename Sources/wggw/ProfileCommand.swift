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
            abstract: "Take a profile, or a gateway's wg-quick file, in place of the newest revision.")

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
            let text = try readTextFile(file)
            let why = message.message ?? "import \(file)"
            guard text.isWgQuick else {
                guard lan.isEmpty && client.isEmpty else {
                    throw ValidationError("--lan and --client go with a wg-quick file, and \(file) is a profile")
                }
                let site = try Site.parse(text, file: file)
                let draft = try common.writer("profile import", mayBeFirst: true).take(site, why: why)
                report(draft, common)
                return common.note("next: `wggw plan`, then `wggw apply`")
            }
            let control = try common.writer("profile import", mayBeFirst: true)
            let draft = try control.takeWgQuick(
                text, file: file, interface: interfaceName,
                lan: lan.isEmpty ? nil : LAN(interface: lanInterface, subnets: lan),
                clients: try client.map { ($0, try readTextFile($0)) }, why: why)
            report(draft, common)
            common.note("next: `wggw init --endpoint HOST` if peers dial in, `wggw plan`, then `wggw apply`")
        }

        /// wg-quick names the interface after the file.
        private var interfaceName: String {
            let base = file.split(separator: "/").last.map(String.init) ?? file
            return base.hasSuffix(".conf") ? String(base.dropLast(5)) : "wg0"
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
                    guard Console.asks("edit it again?", after: error.lines) else { throw error }
                }
                text = edited
            }
        }
    }
}

extension String {
    /// A wg-quick file has an [Interface] section, which no profile has.
    fileprivate var isWgQuick: Bool {
        split(separator: "\n").contains { line in
            line.drop { $0 == " " || $0 == "\t" }.lowercased().hasPrefix("[interface]")
        }
    }
}
