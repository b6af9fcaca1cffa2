internal import BoxModel
import Glibc
internal import NetTypes

/// A name looked up by a thread of its own, since `getaddrinfo` takes as long as it takes: with name servers that are silent,
/// that is ten seconds for each.
enum NameLookUp {
    /// All addresses of a name, sorted, at least one. Throws what the resolver says, and after `time` that it does not
    /// answer: then the thread is left to itself.
    static func addresses(of name: String, within time: Duration) throws(BoxError) -> [IPAddress] {
        let operation = "look up \(name)"
        guard let lookUp = Background.begin({ EndpointResolver.ask(name) }) else { throw .system(operation) }
        guard let (code, addresses) = try lookUp.answer(within: time, operation) else {
            throw BoxError(operation, cause: "no name server answers in time")
        }
        guard !addresses.isEmpty else {
            throw BoxError(operation, cause: code == 0 ? "it has no address" : String(cString: gai_strerror(code)))
        }
        return Set(addresses).sorted()
    }
}
