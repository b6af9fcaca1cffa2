internal import BoxModel
import Glibc
internal import NetTypes

/// A name looked up by a thread of its own, since `getaddrinfo` takes as long as it takes: with name servers that are silent,
/// that is ten seconds for each.
enum NameLookUp {
    /// All addresses of a name, sorted, at least one. Throws what the resolver says, and after `time` that it does not
    /// answer: then the thread is left to itself.
    static func addresses(of name: String, within time: Duration) throws(BoxError) -> [IPAddress] {
        let operation = BoxError.Operation(.lookUp, .host(name))
        guard let lookUp = Background.begin({ EndpointResolver.ask(name) }) else { throw .system(operation) }
        guard let (code, addresses) = try lookUp.answer(within: time, operation) else {
            throw BoxError(operation, .silentResolver)
        }
        guard !addresses.isEmpty else {
            throw BoxError(operation, .unresolved(resolver: EndpointResolver.words(code)))
        }
        return Set(addresses).sorted()
    }
}
