import NetTypes

/// A place in a site, by the profile's names: `peers.laptop.addresses[0]`.
public struct SitePath: Hashable, Sendable, CustomStringConvertible {
    /// The keys from the top: `["peers", "laptop", "addresses"]`.
    public let keys: [String]
    /// The element of the list, where the path ends in one; counted in the `Site`, whose lists are sorted.
    public let index: Int?

    /// Makes a path.
    public init(_ keys: [String], index: Int? = nil) {
        self.keys = keys
        self.index = index
    }

    /// `peers.laptop.addresses[0]`
    public var description: String { name + (index.map { "[\($0)]" } ?? "") }

    /// Without the element: `peers.laptop.addresses`.
    var name: String { keys.map(tomlKey).joined(separator: ".") }
}

/// One thing that is wrong with a site: where, what, and what would be right.
public struct SiteProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where.
    public let path: SitePath
    /// What is wrong.
    public let fault: Fault

    /// Makes a problem.
    public init(_ path: SitePath, _ fault: Fault) {
        self.path = path
        self.fault = fault
    }

    /// `peers.laptop.addresses: 192.168.2.0 is the network address of 192.168.2.0/24; take one from …`
    public var description: String { "\(path.name): \(fault.text.message)" }
}

/// A key as TOML writes it: bare where that is allowed, else quoted.
func tomlKey(_ key: String) -> String {
    !key.isEmpty && key.utf8.allSatisfy(TOMLScanner.isBareKey) ? key : tomlString(key)
}

/// A TOML basic string with its quotes; what is not printable is escaped.
func tomlString(_ text: String) -> String {
    if text.isPlain { return "\"\(text)\"" }
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.isPrintable: result.unicodeScalars.append(scalar)
        default: result += scalar.escaped
        }
    }
    return result + "\""
}
