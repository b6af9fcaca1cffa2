import CSodium
import Glibc
import NetTypes
import Repeats
import SiteModel

@testable import Storage

/// A directory of its own for one test, deleted with it.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/wggw-storage-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for name in ["wggw.db", "wggw.db-wal", "wggw.db-shm", "wggw.db-journal", "key", "lock"] {
            unlink("\(path)/\(name)")
            unlink("\(path)/state/\(name)")
        }
        unlink("\(path)/state")
        rmdir("\(path)/state")
        rmdir(path)
    }

    var state: StateDirectory { StateDirectory(path) }

    func mode(_ name: String) -> mode_t {
        var info = stat()
        return stat("\(path)/\(name)", &info) == 0 ? info.st_mode & 0o777 : 0
    }

    /// All of a file, or nothing if it is not there.
    func read(_ name: String) -> [UInt8] {
        let fd = open("\(path)/\(name)", O_RDONLY)
        guard fd >= 0 else { return [] }
        defer { close(fd) }
        var info = stat()
        fstat(fd, &info)
        var bytes = [UInt8](repeating: 0, count: Int(info.st_size))
        return Array(bytes[..<max(0, Glibc.read(fd, &bytes, bytes.count))])
    }

    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) {
        let fd = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
        _ = bytes.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
        close(fd)
    }
}

func keyPair(_ seed: UInt8) -> (PublicKey, PrivateKey) {
    let key = PrivateKey { bytes in for i in bytes.indices { bytes[i] = seed } }
    var out = [UInt8](repeating: 0, count: 32)
    key.withBytes { _ = crypto_scalarmult_base(&out, $0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    return (PublicKey(bytes: out)!, key)
}

extension SeededRandom {
    mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &self) == 0 }

    mutating func address() -> IPAddress { IPAddress(octets: bytes(chance(2) ? 4 : 16))! }

    mutating func prefix() -> IPPrefix {
        let address = address()
        return IPPrefix(masking: address, length: Int.random(in: 1...address.bitWidth, using: &self))
    }

    mutating func rule() -> AccessRule {
        switch Int.random(in: 0..<4, using: &self) {
        case 0: AccessRule(prefix())
        case 1: AccessRule(prefix(), transport: .icmp)
        case 2: AccessRule(prefix(), transport: .udp)
        default: AccessRule(prefix(), transport: .tcp, ports: 80...UInt16.random(in: 80...9000, using: &self))
        }
    }

    mutating func endpoint() -> Endpoint {
        chance(2) ? Endpoint(.name("vpn.example.org"), port: 51820) : Endpoint(.address(address()), port: 4500)
    }

    mutating func publicKey() -> PublicKey { PublicKey(bytes: bytes(32))! }

    mutating func presharedKeyChoice() -> PresharedKeyChoice {
        switch Int.random(in: 0..<3, using: &self) {
        case 0: .none
        case 1: .auto
        default: .sealed(SecretID(bytes(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())!)
        }
    }

    mutating func otherForwarding() -> OtherForwarding.Choice? {
        [nil, .allow, .drop, .from(["allow", "eth0.7"])].randomElement(using: &self)!
    }

    mutating func surroundings() -> Surroundings {
        Surroundings(
            networks: ["eth0", "a.b-c"].map { Surroundings.Network(prefix(), on: $0) },
            lan: ["eth0.7", "mtu"].map { Surroundings.Network(prefix(), on: $0) },
            uplinks: [Surroundings.Network(chance(2) ? .everyV4 : .everyV6, on: "uplink")],
            mtu: chance(2) ? Int.random(in: 1280...1420, using: &self) : nil,
            endpoint: [address(), address()])
    }

    mutating func peer(_ name: String) -> Peer {
        let addresses = (0..<Int.random(in: 0...2, using: &self)).map { _ in address() }
        return Peer(
            name: name, addresses: addresses, isUnnumbered: addresses.isEmpty,
            publicKey: chance(4) ? nil : publicKey(), presharedKey: presharedKeyChoice(),
            fullTunnel: chance(3) ? nil : chance(2), group: chance(4) ? "guests" : nil,
            policy: chance(4) ? Policy(allow: [rule(), rule()]) : nil,
            routes: chance(4) ? [prefix(), prefix()] : [], endpoint: chance(4) ? endpoint() : nil,
            keepalive: chance(3) ? UInt16.random(in: 0...65535, using: &self) : nil)
    }

    mutating func site(peers names: [String]) -> Site {
        Site(
            name: "office", endpoint: chance(2) ? endpoint() : nil,
            otherForwarding: OtherForwarding(ipv4: otherForwarding(), ipv6: otherForwarding()),
            drift: DriftChoice.allCases.randomElement(using: &self)!, keepsDenied: chance(2),
            lan: LAN(
                interface: chance(2) ? "eth0.7" : nil, subnets: [prefix(), prefix()],
                replyPath: ReplyPath.allCases.randomElement(using: &self)!),
            tunnel: Tunnel(
                addresses: [InterfaceAddress(address(), length: 24)],
                listenPort: UInt16.random(in: 1...65535, using: &self), otherPorts: chance(2) ? [443, 53] : [],
                mtu: chance(2) ? 1380 : nil,
                datapath: DatapathChoice.allCases.randomElement(using: &self)!,
                fwmark: UInt32.random(in: 0...UInt32.max, using: &self), publicKey: chance(2) ? publicKey() : nil),
            egress: Egress(interface: chance(2) ? "wan0" : nil, fullTunnel: chance(2)),
            dns: chance(2) ? [] : [address()],
            groups: chance(2) ? [:] : ["guests": Policy(allow: [rule()]), "staff": Policy(allow: [rule(), rule()])],
            peers: names.map { peer($0) })
    }
}
