import CMnl
internal import Compiler
import Glibc
internal import NetTypes

/// A name looked up by a thread of its own, since `getaddrinfo` takes as long as it takes: with name servers that are silent,
/// that is ten seconds for each.
///
/// `@unchecked Sendable`: the thread writes `found` before it closes its end of a pair of sockets, and others look only after that.
final class NameLookUp: @unchecked Sendable {
    private let name: String
    private let done: Int32
    private var found: Result<[IPAddress], BoxError>

    /// All addresses of a name, sorted, at least one. Throws what the resolver says, and after `seconds` that it does not
    /// answer: then the thread is left to itself.
    static func addresses(of name: String, seconds: Int) throws(BoxError) -> [IPAddress] {
        let operation = "look up \(name)"
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .system(operation) }
        defer { close(ends[0]) }
        let lookUp = NameLookUp(name, done: ends[1])
        var thread = pthread_t()
        let this = Unmanaged.passRetained(lookUp)
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<NameLookUp>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, this.toOpaque())
        guard code == 0 else {
            this.release()
            close(ends[1])
            throw .system(operation, code: code)
        }
        pthread_detach(thread)
        guard isClosed(ends[0], within: .seconds(seconds)) else {
            throw BoxError(operation, cause: "no name server answers within \(seconds) s")
        }
        return try lookUp.found.get()
    }

    /// Whether the other end is closed in time.
    private static func isClosed(_ descriptor: Int32, within time: Duration) -> Bool {
        let end = ContinuousClock.now + time
        while true {
            var waiting = pollfd(fd: descriptor, events: 0, revents: 0)
            let rest = max(.zero, end - .now) / .milliseconds(1)
            let ready = poll(&waiting, 1, Int32(rest.rounded(.up)))
            if ready >= 0 || errno != EINTR { return ready > 0 }
        }
    }

    private init(_ name: String, done: Int32) {
        self.name = name
        self.done = done
        found = .success([])
    }

    private func run() {
        let (code, addresses) = EndpointResolver.ask(name)
        let cause = code == 0 ? "it has no address" : String(cString: gai_strerror(code))
        found =
            addresses.isEmpty
            ? .failure(BoxError("look up \(name)", cause: cause)) : .success(Set(addresses).sorted())
        close(done)
    }
}
