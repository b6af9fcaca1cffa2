public import NetTypes
public import SiteModel

/// What becomes of a flow, and why: the first packet's way there, and the answer's way back.
public struct Explanation: Equatable, Sendable {
    /// What becomes of it.
    public enum Answer: String, Equatable, Sendable {
        /// The packet gets there, and the answer back, as far as this box has a say in it.
        case arrives
        /// One of them does not.
        case stops
        /// It hangs on what cannot be seen from here.
        case cannotTell = "cannot_tell"
    }

    /// What was asked.
    public let flow: Flow
    /// Of the first packet, as it leaves its sender; nil where the sender has none that fits.
    public let source: IPAddress?
    /// The same.
    public let destination: IPPrefix
    /// In the order of the packet's life.
    public let steps: [Step]

    /// What becomes of it.
    public var answer: Answer {
        if steps.contains(where: { $0.outcome == .stops }) { return .stops }
        return steps.contains { $0.outcome == .open } ? .cannotTell : .arrives
    }

    /// The step that the answer hangs on: the first that stops it, else the first that cannot be told; nil where it arrives.
    public var cause: Step? {
        steps.first { $0.outcome == .stops } ?? steps.first { $0.outcome == .open }
    }
}

/// One thing that has a say in it.
public struct Step: Equatable, Sendable {
    /// Whose way it is on.
    public enum Leg: String, Equatable, Sendable { case there, back }

    /// Where on the way.
    public enum Stage: String, Equatable, Sendable {
        /// What the site says, in the profile's words.
        case profile
        /// The peer's own configuration.
        case configuration
        /// Between the peer and the gateway.
        case session
        /// To whom an address belongs (allowed IPs).
        case owner
        /// Tables before routing.
        case prerouting
        /// `rp_filter`.
        case reversePath = "reverse_path"
        case forwarding, route
        /// Tables on the way to this box, through it, from it, and out.
        case input, forward, output, postrouting
        /// Addresses that others see.
        case translation
        /// The interface by which it leaves.
        case link
        /// Who takes it there.
        case neighbour
        case size
        /// How an answer finds back.
        case replyPath = "reply_path"
        /// Who is asked, by `--live`.
        case host
    }

    /// What comes of it.
    public enum Outcome: String, Equatable, Sendable {
        case passes, stops
        /// Cannot be told from here.
        case open
        /// Does not stop it, and may be of use to know.
        case hint
    }

    /// Whose way it is on.
    public let leg: Leg
    /// Where.
    public let stage: Stage
    /// What comes of it.
    public let outcome: Outcome
    /// What was found there.
    public let fact: Fact
    /// The profile's line that decided, if it was one.
    public internal(set) var place: ProfilePlace?
    /// What helps; nil where nothing has to be done, or nothing is known that does.
    public internal(set) var remedy: Remedy?
}
