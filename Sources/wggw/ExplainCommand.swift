import ArgumentParser
import Explaining
import Gateway
import NetTypes
import Reports
import SiteModel

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Where a packet would stop on its way through the gateway, there and back, and what helps.",
        discussion: """
            FROM is a peer, an address, or gateway. TO is that, a network, a host's name, or dns, each with :PORT[/tcp|udp] or \
            /icmp (IPv6 with a port in brackets). No packet is sent, unless --live asks the host itself.

              sudo wggw explain laptop 192.168.1.10:443
              sudo wggw explain laptop 1.1.1.1
              sudo wggw explain 192.168.1.10 laptop:22
              sudo wggw explain guest dns

            Exit status: 0 it arrives, 3 it does not, 4 it cannot be told from here.

            JSON: an object with the keys \(Report.explanation(nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Flag(help: "Ask the host itself: who has its address (ARP), and one echo, connection or datagram.")
    var live = false

    @Argument(help: ArgumentHelp("Who sends.", valueName: "from"), completion: peerNames)
    var from: String

    @Argument(help: ArgumentHelp("Who is to answer.", valueName: "to"), completion: peerNames)
    var to: String

    func run() throws {
        try NotRoot.refuse("explain")
        let flow: Flow
        do { flow = try Flow(from: from, to: to) } catch { throw ValidationError("\(error)") }
        let explanation = try common.reader("explain").explain(flow, asksHosts: live)
        if json.isOn {
            Console.raw(Report.explanation(explanation, words: \.text).json.text)
        } else {
            show(explanation)
        }
        switch explanation.answer {
        case .arrives: break
        case .stops: throw ExitCode(Failure.Status.findings)
        case .cannotTell: throw ExitCode(Failure.Status.cannotTell)
        }
    }

    private func show(_ explanation: Explanation) {
        let width = explanation.steps.map { $0.stage.label.count }.max() ?? 0
        for leg in [Step.Leg.there, .back] {
            let steps = explanation.steps.filter { $0.leg == leg }
            if steps.isEmpty { continue }
            Console.data(Line(leg == .there ? flowText(explanation) : "and back", .bold))
            for step in steps {
                let pad = String(repeating: " ", count: width - step.stage.label.count)
                let place = step.place.map { " (profile line \($0.line): \($0.text))" } ?? ""
                Console.data("  \(step.outcome.mark)  \(step.stage.label)\(pad)  \(step.fact)\(place)")
            }
        }
        conclude(explanation)
    }

    private func flowText(_ explanation: Explanation) -> String {
        let source = explanation.source.map { " (\($0))" } ?? ""
        let isAddress = explanation.source?.description == "\(explanation.flow.from)"
        return "\(explanation.flow.from)\(isAddress ? "" : source) to \(explanation.flow.target)"
    }

    private func conclude(_ explanation: Explanation) {
        Console.data("")
        switch explanation.answer {
        case .arrives: Console.data(Line("arrives", .green))
        case .stops: Console.data("\("does not arrive", .red): \(explanation.cause!.fact)")
        case .cannotTell: Console.data("\("cannot tell", .yellow): \(explanation.cause!.fact)")
        }
        if let remedy = explanation.cause?.remedy { Console.data("  \(remedy.text)") }
    }
}

extension Step.Outcome {
    /// Aligned, and told apart without colour.
    fileprivate var mark: Line {
        switch self {
        case .passes: Line("ok  ", .green)
        case .stops: Line("STOP", .red)
        case .open: Line("?   ", .yellow)
        case .hint: Line("note", .yellow)
        }
    }
}

extension Step.Stage {
    fileprivate var label: String {
        switch self {
        case .configuration: "peer's file"
        case .owner: "allowed IPs"
        case .reversePath: "rp_filter"
        case .replyPath: "reply path"
        case .translation: "address"
        default: rawValue
        }
    }
}
