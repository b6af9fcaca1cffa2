import Storage
import ArgumentParser
import Gateway
import NetTypes
import SiteModel

struct DisguiseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disguise", abstract: "Hide that the tunnel is WireGuard, for peers whose apps speak AmneziaWG.",
        discussion: """
            For networks that block WireGuard by its looks. Peers in plain WireGuard may come in beside on the same port, which shows it \
            to be WireGuard; what else it does not hide is told in docs/disguise.md.
            """,
        subcommands: [On.self, Off.self])

    struct On: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw parameters for this site alone.",
            discussion: """
                They stand in the profile as [disguise.awg], or under another --name, and in the files of those peers that come in by them: \
                `wggw set-peer NAME --disguise awg`.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var message: MessageOption

        @Option(
            name: .customLong("for"),
            help: ArgumentHelp(
                "What the oldest of the peers' apps speaks; 3.1 hides more.", valueName: "1.0|1.5|2.0|3.0|3.1"),
            transform: { try choice($0, "1.0, 1.5, 2.0, 3.0 or 3.1") })
        var version: AWGVersion = .two

        @Option(
            help: ArgumentHelp(
                "What the first datagram of a handshake looks like to who looks no further.",
                valueName: "dns|quic|sip|random"),
            transform: { try choice($0, "dns, quic, sip or random") })
        var like: Likeness = .random

        @Option(
            help: ArgumentHelp(
                "A further one beside others, for apps that do not take those (default: awg).", valueName: "name"),
            transform: DisguiseCommand.name)
        var name: DisguiseChoice = .awg

        @Flag(help: "In place of a disguise that is there; each disguised peer needs its file anew.")
        var anew = false

        func validate() throws {
            if version < like.since {
                throw ValidationError(
                    "--like \(like.rawValue): apps of AmneziaWG \(version.rawValue) cannot send it; take --for \(like.since.rawValue)"
                )
            }
        }

        func run() throws {
            let draft = try common.writer("disguise on").disguise(
                as: name, for: version, like: like, anew: anew, why: message.message)
            // Whoever knows the parameters finds the gateway: none is printed here.
            common.notes(draft.notices)
            common.note(
                "drafted revision \(draft.stored.revision.id): a disguise for AmneziaWG \(version.rawValue), drawn for this site alone"
            )
            common.note("  read by \(version.readers)")
            let site = draft.stored.site
            if site.tunnel.listenPort == 51820 {
                common.note(
                    "  UDP port 51820 by itself says WireGuard: another tunnel.listen-port is better (`wggw profile edit`)"
                )
            }
            if let mtu = site.tunnel.mtu, let overhead = site.tunnel[disguise: name]?.overhead, overhead > 0 {
                common.note(
                    "  tunnel.mtu is set to \(mtu): unless that leaves room for \(overhead) bytes more, take it out, or \(overhead) off (`wggw profile edit`)"
                )
            }
            let disguised = site.peers.filter { $0.disguise == name }.map(\.name)
            if disguised.isEmpty {
                common.note(
                    "next: `wggw set-peer NAME --disguise \(name)` for each peer that comes in by it, then `wggw apply`"
                )
            } else {
                common.note(
                    "next: `wggw apply`, and `wggw export` for \(disguised.joined(separator: ", ")), whose old files do not work any more"
                )
            }
        }
    }

    struct Off: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take the disguises away: plain WireGuard for all.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var message: MessageOption

        @Option(
            help: ArgumentHelp("Only this one, and for its peers.", valueName: "name"), transform: DisguiseCommand.name)
        var name: DisguiseChoice?

        func run() throws {
            let (draft, changed) = try common.writer("disguise off").undisguise(name, why: message.message)
            common.notes(draft.notices)
            guard draft.isNew else { return common.note("this site has no disguise\(name.map { " \($0)" } ?? "")") }
            let rest = draft.stored.site.tunnel.disguises.map(\.name).joined(separator: ", ")
            common.note(
                "drafted revision \(draft.stored.revision.id): \(rest.isEmpty ? "plain WireGuard" : "without \(name.map(\.name) ?? ""), with \(rest)")"
            )
            if !changed.isEmpty {
                common.note("  \(changed.joined(separator: ", ")) will need another file: `wggw export`")
            }
            common.note("next: `wggw apply`")
        }
    }
}

extension DisguiseCommand {
    @Sendable fileprivate static func name(_ text: String) throws -> DisguiseChoice {
        let name = try parsed { text throws(ParseError) in try DisguiseChoice(parsing: text) }(text)
        if name == .none { throw ValidationError("none is what peers in plain WireGuard have; take another name") }
        return name
    }
}

extension AWGVersion {
    /// Whose apps take its parameters; docs/disguise.md has more.
    fileprivate var readers: String {
        switch self {
        case .one: "everything that says AmneziaWG"
        case .oneFive: "amneziawg-go from 0.2.13 and the apps of its time"
        case .two: "AmneziaWG's apps from 2.0, AmneziaVPN from 4.8.12.9, amneziawg-go from 0.2.15"
        case .three: "amneziawg-go and its kernel module from 3.0"
        case .threeOne: "AmneziaWG's apps from 3.1, AmneziaVPN from 5.0.1.5, amneziawg-go from 3.1"
        }
    }
}
