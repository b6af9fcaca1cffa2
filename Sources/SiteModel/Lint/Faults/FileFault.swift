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

    var name: String {
        switch self {
        case .refused: "refused"
        case .utf16: "utf-16"
        case .readable: "readable"
        case .writable: "writable"
        case .replaceable: "replaceable"
        case .keyInComment: "key-in-comment"
        case .secondInterface: "second-interface"
        case .repeated: "repeated"
        case .saveConfig: "save-config"
        }
    }

    var severity: Finding.Severity {
        switch self {
        case .refused, .utf16, .readable, .writable, .replaceable: .error
        case .keyInComment, .secondInterface, .repeated, .saveConfig: .hint
        }
    }

    var text: FaultText {
        switch self {
        case .refused(let fault): FaultText(fault.description, nil)
        case .utf16: FaultText("is UTF-16, which wg-quick cannot read", "save it as UTF-8")
        case .readable(let audience, let mode):
            FaultText("holds keys, and \(audience.words) may read it (\(octal(mode)))", "run `chmod 600` on it")
        case .writable(let audience, let mode):
            FaultText(
                "\(audience.words) may write it (\(octal(mode))), and its commands are run by root",
                "run `chmod 600` on it")
        case .replaceable(let directory, let audience):
            FaultText(
                "\(audience.words) may write to the directory \(directory), and put another file in its place",
                "take that right away, or move the file, as to /etc/wireguard")
        case .keyInComment:
            FaultText("a comment holds what may be a key, and nobody keeps comments secret", "delete it")
        case .secondInterface:
            FaultText(
                "a second [Interface]; wg takes both as one, and of what stands in both the last", "write one section")
        case .repeated(let key, let reader):
            FaultText("\(key): stands twice in this section; \(reader) takes the last", "keep the right one")
        case .saveConfig:
            FaultText(
                "SaveConfig: wg-quick writes the file anew when the tunnel goes down: comments and what was edited meanwhile are lost",
                "take it out, or edit the file only while the tunnel is down")
        }
    }

    private func octal(_ mode: UInt16) -> String { "mode " + String(mode & 0o7777, radix: 8) }
}

extension FileExposure.Audience {
    var words: String {
        switch self {
        case .group: "a group"
        case .everyone: "everybody"
        }
    }
}
