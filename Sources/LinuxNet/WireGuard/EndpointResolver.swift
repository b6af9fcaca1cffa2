import CMnl
internal import BoxModel
import Glibc
internal import NetTypes
internal import Netlink

/// Looks up the names of endpoints, since a WireGuard interface takes addresses only.
enum EndpointResolver {
    /// A peer's endpoint that could not be looked up, and why.
    struct Failure: Equatable {
        var peer: PublicKey
        var endpoint: Endpoint
        /// What the resolver says; nil: the name has no address.
        var reason: String?
    }

    /// The change with every name replaced by its first address (the order of RFC 6724, as getaddrinfo gives it), and
    /// without the endpoints whose names have none. `lookUp` is asked once for a name, and told how often it may try: as
    /// soon as one name had no answer after all its tries, the others have one each, or a hundred peers would wait for a
    /// name server that is not there a hundred times.
    static func resolve<E: Error>(
        _ change: WireGuardChange, lookUp: (_ name: String, _ tries: Int) throws(E) -> LookUp
    ) throws(E) -> (change: WireGuardChange, failures: [Failure]) {
        var change = change
        var failures: [Failure] = []
        var known: [String: LookUp] = [:]
        var tries = 3
        for i in change.set.indices {
            guard let endpoint = change.set[i].endpoint, case .name(let name) = endpoint.host else { continue }
            let answer: LookUp
            if let before = known[name] { answer = before } else { answer = try lookUp(name, tries) }
            known[name] = answer
            switch answer {
            case .address(let address): change.set[i].endpoint = Endpoint(.address(address), port: endpoint.port)
            case .failure(let code, let reason):
                change.set[i].endpoint = nil
                if code == EAI_AGAIN { tries = 1 }
                failures.append(
                    Failure(peer: change.set[i].publicKey, endpoint: endpoint, reason: reason))
            }
        }
        return (change, failures)
    }

    /// What a name server said.
    enum LookUp: Sendable {
        case address(IPAddress)
        case failure(code: Int32, reason: String?)
    }

    /// getaddrinfo; `tries` times, a second apart, where it says that trying again may help.
    @Sendable static func lookUp(_ name: String, tries: Int) -> LookUp {
        for attempt in 1... {
            let (code, addresses) = ask(name)
            if let first = addresses.first { return .address(first) }
            if code != EAI_AGAIN || attempt >= tries {
                return .failure(code: code, reason: words(code))
            }
            sleep(1)
        }
        preconditionFailure("the loop has no end")
    }

    /// All addresses of a name, sorted, at least one, by a thread of its own, since `getaddrinfo` takes as long as it takes: with name
    /// servers that are silent, that is ten seconds for each. Throws what the resolver says, and after `time` that it does not
    /// answer: then the thread is left to itself.
    static func addresses(of name: String, within time: Duration) throws(BoxError) -> [IPAddress] {
        let operation = BoxError.Operation(.lookUp, .host(name))
        guard let lookUp = Background.begin({ ask(name) }) else { throw .system(operation) }
        guard let (code, addresses) = try lookUp.answer(within: time, operation) else {
            throw BoxError(operation, .silentResolver)
        }
        guard !addresses.isEmpty else {
            throw BoxError(operation, .unresolved(resolver: words(code)))
        }
        return Set(addresses).sorted()
    }

    /// What the C library says of a code.
    static func words(_ code: Int32) -> String? { code == 0 ? nil : String(cString: gai_strerror(code)) }

    /// getaddrinfo: its code, and the addresses in its order, that of RFC 6724.
    static func ask(_ name: String) -> (code: Int32, addresses: [IPAddress]) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        hints.ai_family = AF_UNSPEC
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        var addresses: [IPAddress] = []
        var next = list
        while let item = next {
            let bytes = UnsafeRawBufferPointer(start: item.pointee.ai_addr, count: Int(item.pointee.ai_addrlen))
            if let found = SocketAddress(sockaddr: bytes) { addresses.append(found.address) }
            next = item.pointee.ai_next
        }
        return (code, addresses)
    }
}

extension SocketAddress {
    /// Reads a `sockaddr_in` (16 bytes) or `sockaddr_in6` (28 bytes); nil for anything else.
    init?(sockaddr bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 16 else { return nil }
        let port = bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self).bigEndian
        switch Int32(bytes.loadUnaligned(as: UInt16.self)) {
        case AF_INET:
            self.init(IPAddress(octets: bytes[4..<8])!, port: port)
        case AF_INET6 where bytes.count >= 28:
            self.init(
                IPAddress(octets: bytes[8..<24])!, port: port,
                scope: bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
        default: return nil
        }
    }

    /// A `sockaddr_in` (16 bytes) or `sockaddr_in6` (28 bytes), as it lies in memory.
    var sockaddrBytes: [UInt8] {
        func host<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
        let start = host(UInt16(address.family)) + host(port.bigEndian)
        return address.isV6
            ? start + [0, 0, 0, 0] + address.octets + host(scope) : start + address.octets + [0, 0, 0, 0, 0, 0, 0, 0]
    }
}
