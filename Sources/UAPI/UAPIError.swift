/// What is wrong with a request or an answer, by its line. Values are never repeated: they may be keys.
public struct UAPIError: Error, Hashable {
    /// What kind of fault it is: each has an errno of its own.
    public enum Kind: Error, Sendable {
        /// Not lines of `KEY=VALUE` that begin and end as they should: EPROTO.
        case form
        /// A key or a value that is not the protocol's: EINVAL.
        case value
        /// A zone that is no interface: ENODEV.
        case noInterface
    }

    /// What is wrong.
    public enum Fault: Hashable, Sendable {
        /// A request begins otherwise.
        case beginning
        /// Of a request to tell all.
        case linesAfterGet
        /// An answer's empty line comes before its errno.
        case endWithoutErrno
        case errnoNoNumber
        case noKeyAndValue
        case unknownKey(ofPeer: Bool)
        case noInterface
        /// This key has a value of another form.
        case value(of: String, ValueForm)
        /// This key has a value that is not its only one.
        case mark(String, only: String)
    }

    /// What a value looks like.
    public enum ValueForm: Hashable, Sendable {
        case number(ClosedRange<UInt64>)
        /// One number, or a lowest and a highest.
        case numbers(ClosedRange<UInt64>)
        case key, endpoint, network, template, truth
    }

    /// From 1.
    public let line: Int
    /// What is wrong.
    public let fault: Fault

    /// Says it.
    public init(line: Int, _ fault: Fault) {
        self.line = line
        self.fault = fault
    }

    /// What kind of fault it is.
    public var kind: Kind {
        switch fault {
        case .beginning, .endWithoutErrno, .noKeyAndValue: .form
        case .noInterface: .noInterface
        case .linesAfterGet, .errnoNoNumber, .unknownKey, .value, .mark: .value
        }
    }
}

extension UAPIError.Fault: CustomStringConvertible {
    /// One clause: `listen_port is not a number from 0 to 65535`.
    public var description: String {
        switch self {
        case .beginning: "a request begins with get=1 or set=1"
        case .linesAfterGet: "get=1 has no further lines"
        case .endWithoutErrno: "the answer ends without errno"
        case .errnoNoNumber: "errno is no number"
        case .noKeyAndValue: "a line is KEY=VALUE"
        case .unknownKey(let ofPeer): "unknown key of \(ofPeer ? "a peer" : "the interface")"
        case .noInterface: "no such interface"
        case .value(let key, let form): "\(key) is not \(form.words)"
        case .mark(let key, let mark): "\(key) is not \(mark), the only value that there is"
        }
    }
}

extension UAPIError.ValueForm {
    fileprivate var words: String {
        switch self {
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .numbers(let range):
            "a number from \(range.lowerBound) to \(range.upperBound), or LOW-HIGH of such numbers"
        case .key: "64 hexadecimal digits"
        case .endpoint: "ADDRESS:PORT, IPv6 in brackets"
        case .network: "ADDRESS/LENGTH"
        case .template: "a template of tags"
        case .truth: "0 or 1, or true or false"
        }
    }
}
