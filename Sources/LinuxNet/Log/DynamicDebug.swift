internal import BoxModel
import Glibc
internal import System

/// The kernel's switch for each of its debug lines. Two closures, so that tests have a kernel of their own.
struct DynamicDebug {
    /// Everything that the control file says.
    var read: () throws(BoxError) -> String
    /// Gives commands to it, one a line.
    var write: (String) throws(BoxError) -> Void

    /// A line of the source that can speak.
    struct CallSite: Hashable {
        /// As the kernel names it: `drivers/net/wireguard/send.c`.
        let file: String
        /// In that file.
        let line: UInt32
        /// Whether it speaks.
        let isOn: Bool

        /// Reads `FILE:LINE [MODULE]FUNCTION =FLAGS "FORMAT"`; nil for other modules' lines.
        init?(_ text: some StringProtocol, module: String) {
            let words = text.split(separator: " ", maxSplits: 3)
            guard words.count >= 3, words[1].hasPrefix("[\(module)]"), words[2].hasPrefix("="),
                let colon = words[0].lastIndex(of: ":"), colon != words[0].startIndex,
                let line = UInt32(words[0][words[0].index(after: colon)...])
            else { return nil }
            file = String(words[0][..<colon])
            self.line = line
            isOn = words[2].contains("p")
        }
    }

    /// All lines of WireGuard's that do not speak, as commands that name them: `module wireguard file F line N`.
    func silentSites() throws(BoxError) -> [String] {
        let sites = try read().split(separator: "\n").compactMap { CallSite($0, module: "wireguard") }
        guard !sites.isEmpty else {
            throw BoxError(.init(.turnOn, .debugLines()), .lacking(.debugLines))
        }
        return Set(sites.filter { !$0.isOn }).map { "module wireguard file \($0.file) line \($0.line)" }.sorted()
    }

    /// Lets these speak, or no longer.
    func set(_ sites: [String], on: Bool) throws(BoxError) {
        // The kernel takes less than a page at a time.
        var text = ""
        for site in sites {
            let command = "\(site) \(on ? "+p" : "-p")\n"
            if text.utf8.count + command.utf8.count > 4000 {
                try write(text)
                text = ""
            }
            text += command
        }
        if !text.isEmpty { try write(text) }
    }

    /// This machine's.
    static var system: DynamicDebug {
        DynamicDebug(
            read: { () throws(BoxError) in
                let fd = try open(O_RDONLY, .read)
                defer { close(fd) }
                guard let bytes = readToEnd(fd) else { throw .system(.init(.read, .debugLines())) }
                return String(decoding: bytes, as: UTF8.self)
            },
            write: { text throws(BoxError) in
                let fd = try open(O_WRONLY, .turnOn)
                defer { close(fd) }
                let bytes = Array(text.utf8)
                guard Glibc.write(fd, bytes, bytes.count) == bytes.count else {
                    throw .system(.init(.turnOn, .debugLines()))
                }
            })
    }

    /// Since 5.7 the kernel has the file in /proc as well, where nobody needs to mount anything.
    private static func open(_ flags: Int32, _ verb: BoxError.Verb) throws(BoxError) -> Int32 {
        for path in ["/proc/dynamic_debug/control", "/sys/kernel/debug/dynamic_debug/control"] {
            let fd = Glibc.open(path, flags | O_CLOEXEC)
            if fd >= 0 { return fd }
            if errno != ENOENT { throw .system(.init(verb, .debugLines(path: path))) }
        }
        throw BoxError(.init(verb, .debugLines()), .lacking(.dynamicDebug))
    }
}
