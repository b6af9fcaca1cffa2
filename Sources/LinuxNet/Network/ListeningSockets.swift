import Glibc
internal import NetTypes
internal import System

/// Which ports programs of this network namespace listen at, as /proc/net lists them.
enum ListeningSockets {
    /// Whether a socket takes what comes to an address and port: one of that address, or of any. nil for other protocols than TCP
    /// and UDP, and where the list cannot be read.
    static func isServed(_ address: IPAddress, _ transport: UInt8, port: UInt16) -> Bool? {
        let names: [String]
        switch transport {
        case 6: names = address.isV6 ? ["tcp6"] : ["tcp", "tcp6"]
        case 17: names = address.isV6 ? ["udp6"] : ["udp", "udp6"]
        default: return nil
        }
        var isKnown = false
        for name in names {
            guard let bytes = readFile("/proc/thread-self/net/\(name)", upTo: 1 << 26) else { continue }
            isKnown = true
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst()
            if lines.contains(where: { isServed(address, port, line: $0, isTCP: transport == 6) }) { return true }
        }
        return isKnown ? false : nil
    }

    /// Those of UDP ports that some program has for others than this host itself.
    static func taken(_ ports: [UInt16]) -> [UInt16] {
        if ports.isEmpty { return [] }
        var taken: Set<UInt16> = []
        for name in ["udp", "udp6"] {
            guard let bytes = readFile("/proc/thread-self/net/\(name)", upTo: 1 << 26) else { continue }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
                guard fields.count == 5 else { continue }
                let local = fields[1].split(separator: ":")
                // One that is connected hears nobody else; 127.0.0.0/8 and ::1 are this host's.
                guard local.count == 2, let port = UInt16(local[1], radix: 16), fields[2].hasSuffix(":0000"),
                    local[0].count == 8 ? !local[0].hasSuffix("7F") : local[0] != "00000000000000000000000001000000"
                else { continue }
                taken.insert(port)
            }
        }
        return ports.filter(taken.contains)
    }

    /// `  0: 0100007F:0035 00000000:0000 0A …`: number, local, remote, state (0A is LISTEN).
    private static func isServed(_ address: IPAddress, _ port: UInt16, line: Substring, isTCP: Bool) -> Bool {
        let fields = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
        guard fields.count == 5, !isTCP || fields[3] == "0A" else { return false }
        let local = fields[1].split(separator: ":")
        guard local.count == 2, UInt16(local[1], radix: 16) == port else { return false }
        return local[0].allSatisfy { $0 == "0" } || local[0] == hex(address)
            || local[0] == "0000000000000000FFFF0000" + hex(address)
    }

    /// Words of 4 bytes, each as a number in host order.
    private static func hex(_ address: IPAddress) -> String {
        let octets = address.octets
        var text = ""
        for start in stride(from: 0, to: octets.count, by: 4) {
            for byte in octets[start..<start + 4].reversed() {
                text += (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}
