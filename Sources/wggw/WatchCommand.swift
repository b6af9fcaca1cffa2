import BoxModel
import Compiler
import Storage
import ArgumentParser
import Gateway
import Service
import SiteModel
import System

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Bring the applied revision up, and keep the box as it says: what wggw.service runs.",
        discussion: """
            Runs until it is told to end, which leaves the tunnel up; `wggw down` takes it down. It wakes when the kernel tells \
            that links, addresses, routes, rules, forwarding or the firewall changed, and puts back what differs from the \
            revision that was applied last. Against somebody who sets it back each time it gives up after three rounds, and \
            tries again later, less and less often. What another wggw left unfinished is ended, and an apply that nobody confirms is \
            taken back. All commands work as they do without it.

            Where the kernel can (Linux 6.9), it holds the firewall's table, so that nobody else's flush removes it; elsewhere \
            the box forwards nothing from the moment in which somebody has removed it until it is back.

            Of changes by `wg set` no kernel tells: it looks when somebody has run wg or awg, and at least once a minute. Where the \
            profile says site.drift = "report", it tells what differs and leaves it so; `wggw up` puts it right.

            Where there is no site, as in a new container, WGGW_LAN, WGGW_ENDPOINT, WGGW_LAN_INTERFACE and WGGW_PEERS make one and \
            apply it: networks, HOST[:PORT], an interface, names, with commas between them. Later they are not looked at.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: .hidden)
    var withoutHold = false

    @Option(
        name: [.short, .customLong("file")],
        help: ArgumentHelp(
            "Take and apply this profile first; a revision that was made since it was last taken stays, and is named.",
            valueName: "file"),
        completion: .file(extensions: ["toml"]))
    var file: String?

    @Flag(name: .customLong("down"), help: "Take the tunnel down at the end, as `wggw down`, instead of leaving it up.")
    var takesDown = false

    func run() throws {
        try NotRoot.refuse("watch")
        // From the beginning: the first process of a container is not ended by a signal that it does not handle.
        try undisturbed {
            let common = common
            let first = FirstSite(common: common)
            if let file { try first.take(profile: file) } else { try first.makeFromEnvironment() }
            // Without a site there is nothing to wait for.
            _ = try common.reader("watch")
            let (open, pauseForwarding) = common.service(holdsFirewall: !withoutHold)
            var watch = Watch(
                records: common.directory.path, opening: open, pausingForwarding: pauseForwarding, words: \.phrase
            ) { event in
                // Nobody has to read it: whoever carries packets does not end with whoever keeps its words.
                for line in Self.lines(event) { Console.data(line) }
            }
            try watch.run()
            guard takesDown else { return }
            // It was told to end, and this is its end.
            NotedSignal.disregard()
            common.notes(try common.reader("watch", stop: .none).down().notices)
        }
    }

    private static func lines(_ event: Watch.Event) -> [Line] {
        switch event {
        case .began(nil): ["nothing is applied; waits for `wggw apply`"]
        case .began(let revision?): ["revision \(revision) is on the box, and stays there"]
        case .notice(let notice): notice.lines.map { "\($0.text)" }
        case .keepsNothing(let error): ["\(error.prose.text)"]
        case .putBack(let plan, let changers): ["put back:"] + indented(plan) + whose(changers)
        case .followed(let plan, let now):
            ["followed what moved:"] + indented(plan) + now.roleLines.map { "  \($0)" }
        case .leftAlone(let plan, let changers):
            ["somebody sets it back each time; left as it is:"] + indented(plan) + whose(changers)
        case .reported(let plan, let changers):
            ["not as the revision says, and left so (drift = \"report\"):"] + indented(plan) + whose(changers)
        case .moved(let move):
            [
                "peer \(move.peer.name) is not reached: it is looked for at \(move.address), where \(move.peer.host) leads"
            ]
        case .gaveUp(let seconds): ["put back again and again: nothing is for \(seconds) s"]
        case .failed(let error, let changers, let seconds):
            error.lines.map { "\($0.text)" } + whose(changers) + ["next try in \(seconds) s"]
        }
    }

    private static func whose(_ changers: [String]) -> [Line] {
        changers.isEmpty ? [] : ["  the box was changed by \(changers.joined(separator: ", "))"]
    }

    private static func indented(_ plan: PlanPreview) -> [Line] { plan.lines.map { "  \(Line(plan: $0))" } }
}
