public import NetTypes
internal import Glibc

/// Names that are looked up while whoever asks goes on: with name servers that are silent, each takes many seconds.
public final class NameQuestions {
    private var asked: Background<[String: [IPAddress]]>?

    /// Nobody is asked yet.
    public init() {}

    /// Readable when there are answers; -1 where nobody is asked.
    public var descriptor: Int32 { asked?.descriptor ?? -1 }

    /// Asks for all addresses of each name, unless a question is still on its way; then it is for the caller to ask again. Where nobody
    /// answers for one name, the others are left for the next time.
    public func ask(_ names: Set<String>) {
        guard asked == nil, !names.isEmpty else { return }
        asked = Background.begin {
            var answers: [String: [IPAddress]] = [:]
            for name in names {
                let (code, addresses) = EndpointResolver.ask(name)
                if code == EAI_AGAIN { break }
                answers[name] = addresses
            }
            return answers
        }
    }

    /// What the names stand for, each with its addresses in the order of RFC 6724; nil while nobody has answered. No addresses: there is no
    /// such name.
    public func answers() -> [String: [IPAddress]]? {
        guard let answers = asked?.answerIfDone() else { return nil }
        asked = nil
        return answers
    }
}
