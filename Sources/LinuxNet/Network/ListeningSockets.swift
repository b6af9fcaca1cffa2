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
        let own = hex(address)
        var isKnown = false
        for name in names {
            guard let sockets = sockets(name) else { continue }
            isKnown = true
            let isServed = sockets.contains { socket in
                guard socket.port == port, transport != 6 || socket.state == "0A" else { return false }
                return socket.address.allSatisfy { $0 == "0" } || socket.address == own
                    || socket.address == "0000000000000000FFFF0000" + own
            }
            if isServed { return true }
        }
        return isKnown ? false : nil
    }

    /// Those of UDP ports that some program has for others than this host itself.
    static func taken(_ ports: [UInt16]) -> [UInt16] {
        if ports.isEmpty { return [] }
        // One that is connected hears nobody else; 127.0.0.0/8 and ::1 are this host's.
        let open = ["udp", "udp6"].flatMap { sockets($0) ?? [] }.filter {
            $0.remote.hasSuffix(":0000")
                && ($0.address.count == 8
                    ? !$0.address.hasSuffix("7F") : $0.address != "00000000000000000000000001000000")
        }
        let taken = Set(open.map(\.port))
        return ports.filter(taken.contains)
    }

    /// One in a list of the kernel's, whose state `0A` is LISTEN.
    private typealias Socket = (address: Substring, port: UInt16, remote: Substring, state: Substring)

    /// `  0: 0100007F:0035 00000000:0000 0A …`: number, local, remote, state. nil where the list cannot be read.
    private static func sockets(_ list: String) -> [Socket]? {
        guard let bytes = readFile("/proc/thread-self/net/\(list)", upTo: 1 << 26) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
            guard fields.count == 5 else { return nil }
            let local = fields[1].split(separator: ":")
            guard local.count == 2, let port = UInt16(local[1], radix: 16) else { return nil }
            return (local[0], port, fields[2], fields[3])
        }
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
