internal import BoxModel
public import Explaining
internal import Firewall
public import NetTypes

/// Something that WireGuard says of itself.
public struct EventReport: Report {
    let event: TunnelEvent
    let name: String?

    /// `name`: of the peer that it is about, if the site knows it.
    public init(_ event: TunnelEvent, name: String?) {
        self.event = event
        self.name = name
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("time", "UTC") { .string(utc($0.event.seconds, $0.event.nanoseconds)) },
        ReportField("since_boot", "nanoseconds") { .unsigned($0.event.sinceBoot) },
        ReportField("event", "a word such as receiving-initiation") { .string($0.event.kind.rawValue) },
        ReportField("peer", "name, null for a stranger") { .text($0.name) },
        ReportField("public_key") { .text($0.event.peer) },
        ReportField("peer_number", "the kernel's") { .number($0.event.peerNumber) },
        ReportField("endpoint") { .text($0.event.endpoint) },
        ReportField("keypair") { .number($0.event.keypair) },
        ReportField("attempts") { .number($0.event.attempts) },
        ReportField("text") { .string($0.event.text) },
    ]
}

/// Events that are lost.
public struct MissedReport: Report {
    let count: Int?

    /// nil: nobody counted.
    public init(_ count: Int?) { self.count = count }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("missed", "the number of events that were lost, null: not counted") { .number($0.count) }
    ]
}

/// A packet that the firewall refused.
public struct DenialReport: Report {
    let denial: Denial

    /// Of this one.
    public init(_ denial: Denial) { self.denial = denial }

    private var header: PacketHeader { denial.packet.header }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("time") { .string(utc($0.denial.packet.seconds, $0.denial.packet.nanoseconds)) },
        ReportField("event", "\"denied\"") { _ in .string("denied") },
        ReportField("peer", "name, null if none is in it") { .text($0.denial.peer) },
        ReportField("from", "names") { .string($0.denial.from) },
        ReportField("to", "names") { .string($0.denial.to) },
        ReportField("source") { .string("\($0.header.source)") },
        ReportField("destination") { .string("\($0.header.destination)") },
        ReportField("protocol", "a number") { .number(Int($0.header.transport)) },
        ReportField("port", "null without one") { .number($0.header.destinationPort.map(Int.init)) },
        ReportField("source_port") { .number($0.header.sourcePort.map(Int.init)) },
        ReportField("point", "where in the firewall") { .string($0.denial.packet.point.rawValue) },
        ReportField("input", "interfaces, null where there is none") { .text($0.denial.packet.input) },
        ReportField("output", "interfaces, null where there is none") { .text($0.denial.packet.output) },
        ReportField("reason") { .string("\($0.denial.cause)") },
        ReportField("line", "of the profile, null if it is none of its") { .number($0.denial.place?.line) },
        ReportField("rule", "of the profile, null if it is none of its") { .text($0.denial.place?.text) },
    ]
}
