import Explaining
import Gateway
import Glibc
import NetTypes

/// Numbers and times as people read them.
enum Format {
    /// `2026-11-22 18:42`, local time.
    static func time(_ seconds: Int64) -> String {
        let parts = local(seconds)
        return
            "\(1900 + parts.tm_year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(two(parts.tm_hour)):\(two(parts.tm_min))"
    }

    /// `19:04:11`, local time.
    static func clock(_ seconds: Int64) -> String {
        let parts = local(seconds)
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }

    private static func local(_ seconds: Int64) -> tm {
        var (time, parts) = (time_t(seconds), tm())
        localtime_r(&time, &parts)
        return parts
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// `12 s ago`, `3 min ago`, `never`.
    static func ago(_ seconds: Int64, now: Int64) -> String {
        seconds == 0 ? "never" : "\(Fact.duration(max(0, now - seconds))) ago"
    }

    /// `0 B`, `1.5 KiB`, `12 MiB`.
    static func bytes(_ count: UInt64) -> String {
        if count < 1024 { return "\(count) B" }
        var tenths = count
        for unit in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
            // One digit behind the point up to 10, none from there on.
            if tenths < 10 * 1024 { return "\(tenths * 10 / 1024 / 10).\(tenths * 10 / 1024 % 10) \(unit)" }
            if tenths < 1024 * 1024 { return "\(tenths / 1024) \(unit)" }
            tenths /= 1024
        }
        return "\(tenths / 1024) EiB"
    }

    /// What the system calls a port of TCP or UDP: `microsoft-ds`; nil where it has no name for it.
    static func service(_ header: PacketHeader) -> String? {
        guard let port = header.destinationPort, let name = [6: "tcp", 17: "udp"][header.transport],
            let entry = getservbyport(Int32(port.bigEndian), name)
        else { return nil }
        return String(cString: entry.pointee.s_name)
    }

    /// `1 peer`, `3 peers`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
