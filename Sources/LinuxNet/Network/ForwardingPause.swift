import CMnl
public import BoxModel
import Glibc
internal import Synchronization
internal import System

/// Forwarding that is off for the moment in which table `inet wggw` is gone: what was left of the rules would let anybody through until
/// it is put back, which takes a look at the whole box.
///
/// What the settings said before is under `/run/wggw` as long as it lasts, so that whoever comes after a process that was killed in
/// between knows it. No nf_tables: a transaction waits until the kernel has freed what the last one took away, for 10 to 40 ms.
///
/// Made ready by every look, so that little is left to do when the word comes; and a thread of its own hears it, since a look takes its
/// time.
public final class ForwardingPause: Sendable {
    private struct State {
        /// What the settings say when forwarding is on.
        var settings: [String: Int] = [:]
        var isOn = false
        /// Whether the table is meant to be there.
        var isArmed = false
    }

    private let state: Mutex<State>
    /// Of the file in the runtime directory.
    private let name: String?

    /// For the network namespace of the calling thread; goes on with a pause that another process began.
    public init() {
        name = networkNamespace().map { "forwarding-\($0)" }
        let left = name.flatMap { readFile("\(runtimeDirectory)/\($0)", upTo: 1 << 20) }.map(Self.settings)
        state = Mutex(State(settings: left ?? [:], isOn: left != nil))
    }

    /// Begins whenever somebody else takes the table away: `isOthers` says whether a table that is gone now is nobody's work of wggw's.
    public func follow(isOthers: @escaping @Sendable () -> Bool) throws(BoxError) {
        let news = try FirewallNews()
        let thread = Background.begin { [self] in
            while news.wait() { if news.read().kinds.contains(.tableTaken), isOthers() { _ = begin() } }
        }
        if thread == nil { throw .system(.init(.follow, .firewall)) }
    }

    /// Switches forwarding off if the table is meant to be there and is not. Whether it is off now because of this.
    public func begin() -> Bool {
        guard let isThere = try? Self.hasTable(), !isThere else { return false }
        return state.withLock { state in
            guard state.isArmed else { return false }
            let on = Self.switches.filter { state.settings[$0] ?? 0 != 0 }
            for key in on { try? Sysctl.writeIfThere(key, 0) }
            if !state.isOn && !on.isEmpty {
                state.isOn = true
                note(state.settings)
            }
            return state.isOn
        }
    }

    /// Switches forwarding on again, all settings as they were, and gets ready for the next time. With `needsTable` not before the table
    /// is there.
    func end(needsTable: Bool) throws(BoxError) {
        if needsTable { guard try Self.hasTable() else { return } }
        let (isOn, settings) = state.withLock { ($0.isOn, $0.settings) }
        if isOn {
            // The switches move all others along.
            for key in Self.switches { if let value = settings[key] { try Self.write(key, value) } }
            for (key, value) in settings.sorted(by: { $0.key < $1.key }) where !Self.switches.contains(key) {
                try Self.write(key, value)
            }
            if let name { unlink("\(runtimeDirectory)/\(name)") }
        }
        var now = settings
        if !isOn { now = try Sysctl.read(Self.all) }
        let noted = now
        state.withLock { $0 = State(settings: noted, isArmed: needsTable) }
        // Who took it away meanwhile was not heard.
        if needsTable { _ = begin() }
    }

    /// What settings said before the pause; empty without one.
    var settings: [String: Int] { state.withLock { $0.isOn ? $0.settings : [:] } }

    private static let switches = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"]
    private static let all: Set<String> = [
        "net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv4/conf/*/forwarding",
        "net/ipv6/conf/*/forwarding", "net/ipv4/conf/all/accept_redirects",
    ]

    private static func write(_ key: String, _ value: Int) throws(BoxError) {
        guard let now = try Sysctl.read(key), now != value else { return }
        try Sysctl.writeIfThere(key, value)
    }

    private static func hasTable() throws(BoxError) -> Bool {
        var socket = try NetlinkSocket(NETLINK_NETFILTER)
        return try socket.hasTable()
    }

    private func note(_ settings: [String: Int]) {
        guard let name else { return }
        let text = settings.map { "\($0.key) \($0.value)\n" }.joined()
        let file = openRuntimeFile("\(runtimeDirectory)/\(name)", O_WRONLY | O_TRUNC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = Glibc.write(file, text, text.utf8.count)
    }

    private static func settings(_ text: [UInt8]) -> [String: Int] {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ") }
        let pairs = lines.compactMap { words in
            words.count == 2 ? Int(words[1]).map { (String(words[0]), $0) } : nil
        }
        return Dictionary(pairs) { first, _ in first }.filter { key, _ in
            all.contains { SysctlPattern($0).matches(key) }
        }
    }
}
