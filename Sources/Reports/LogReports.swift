internal import BoxModel
public import Explaining
internal import Firewall
public import NetTypes
internal import SiteModel

extension Report {
    /// Something that WireGuard says of itself. `name`: of the peer that it is about, if the site knows it.
    public static func event(_ event: TunnelEvent?, name: String?) -> Report {
        Report([
            Field("time", "UTC", .text(event.map { utc($0.seconds, $0.nanoseconds) })),
            Field("since_boot", "nanoseconds", .number(event?.sinceBoot ?? 0)),
            Field("event", "a word such as receiving-initiation", .text(event?.kind.rawValue)),
            Field("peer", "name, null for a stranger", .text(name)), Field("public_key", .text(event?.peer)),
            Field("peer_number", "the kernel's", .number(event?.peerNumber)), Field("endpoint", .text(event?.endpoint)),
            Field("keypair", .number(event?.keypair)), Field("attempts", .number(event?.attempts)),
            Field("text", .text(event?.text)),
        ])
    }

    /// So many events are lost; nil: nobody counted.
    public static func missed(_ count: Int?) -> Report {
        Report([Field("missed", "the number of events that were lost, null: not counted", .number(count))])
    }

    /// A packet that the firewall refused.
    public static func denial(_ denial: Denial?) -> Report {
        let (packet, place) = (denial?.packet, denial?.place)
        let header = packet?.header
        return Report([
            Field("time", .text(packet.map { utc($0.seconds, $0.nanoseconds) })),
            Field("event", "\"denied\"", .string("denied")),
            Field("peer", "name, null if none is in it", .text(denial?.peer)),
            Field("from", "names", .text(denial?.from)),
            Field("to", "names", .text(denial?.to)), Field("source", .text(header?.source)),
            Field("destination", .text(header?.destination)), Field("protocol", "a number", .number(header?.transport)),
            Field("port", "null without one", .number(header?.destinationPort)),
            Field("source_port", .number(header?.sourcePort)),
            Field("point", "where in the firewall", .text(packet?.point.rawValue)),
            Field("input", "interfaces, null where there is none", .text(packet?.input)),
            Field("output", "interfaces, null where there is none", .text(packet?.output)),
            Field("reason", .text(denial?.cause)),
            Field("line", "of the profile, null if it is none of its", .number(place?.line)),
            Field("rule", "of the profile, null if it is none of its", .text(place?.text)),
        ])
    }
}

/// RFC 3339: `2026-11-22T18:04:11.123456789Z`.
private func utc(_ seconds: Int64, _ nanoseconds: UInt32) -> String {
    let digits = String(nanoseconds)
    return "\(UTCTime(seconds).description.dropLast()).\(String(repeating: "0", count: 9 - digits.count))\(digits)Z"
}
