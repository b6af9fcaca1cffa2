/// What is wrong with a file, whatever it says.
enum FileFault: Fault {
    /// What wg or wg-quick does not take; in the words of who reads it.
    case refused(ProfileFault)
    /// wg-quick reads bytes, and a zero in every other one is no text to it.
    case utf16
    /// Keys in a file that others may read.
    case readable(by: FileExposure.Audience, mode: UInt16)
    /// A file with commands for root that others may write.
    case writable(by: FileExposure.Audience, mode: UInt16)
    /// A directory in which others may put another file in this one's place.
    case replaceable(directory: String, by: FileExposure.Audience)
    case keyInComment
    case secondInterface
    /// A setting of which there is one stands twice.
    case repeated(key: String, reader: String)
    case saveConfig

    var facts: FaultFacts {
        switch self {
        case .refused(let fault): FaultFacts("refused", .error, fault.description, nil)
        case .utf16: FaultFacts("utf-16", .error, "is UTF-16, which wg-quick cannot read", "save it as UTF-8")
        case .readable(let audience, let mode):
            FaultFacts(
                "readable", .error, "holds keys, and \(audience.rawValue) may read it (\(octal(mode)))",
                "run `chmod 600` on it")
        case .writable(let audience, let mode):
            FaultFacts(
                "writable", .error,
                "\(audience.rawValue) may write it (\(octal(mode))), and its commands are run by root",
                "run `chmod 600` on it")
        case .replaceable(let directory, let audience):
            FaultFacts(
                "replaceable", .error,
                "\(audience.rawValue) may write to the directory \(directory), and put another file in its place",
                "take that right away, or move the file, as to /etc/wireguard")
        case .keyInComment:
            FaultFacts(
                "key-in-comment", .hint, "a comment holds what may be a key, and nobody keeps comments secret",
                "delete it")
        case .secondInterface:
            FaultFacts(
                "second-interface", .hint,
                "a second [Interface]; wg takes both as one, and of what stands in both the last", "write one section")
        case .repeated(let key, let reader):
            FaultFacts(
                "repeated", .hint, "\(key): stands twice in this section; \(reader) takes the last",
                "keep the right one")
        case .saveConfig:
            FaultFacts(
                "save-config", .hint,
                "SaveConfig: wg-quick writes the file anew when the tunnel goes down: comments and what was edited meanwhile are lost",
                "take it out, or edit the file only while the tunnel is down")
        }
    }

    private func octal(_ mode: UInt16) -> String { "mode " + String(mode & 0o7777, radix: 8) }
}
