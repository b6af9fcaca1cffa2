internal import Compiler
import Glibc
internal import NetTypes

/// The text that goes over a userspace WireGuard's configuration socket: `key=value` lines, keys in hexadecimal, an empty
/// line at the end. wireguard.com/xplatform.
enum ConfigurationText {
    /// Writes a `set=1` request. Endpoints are addresses by now.
    static func write(_ change: WireGuardChange) -> SecretBuffer {
        var text = SecretBuffer(capacity: 512 + 384 * (change.set.count + change.remove.count))
        text.append("set=1\n")
        if let key = change.privateKey {
            text.append("private_key=")
            key.withBytes { text.append(hex: $0) }
            text.append("\n")
        }
        if let port = change.listenPort { text.append("listen_port=\(port)\n") }
        if let mark = change.fwmark { text.append("fwmark=\(mark)\n") }
        for peer in change.set { write(peer, into: &text) }
        for key in change.remove {
            writeKey(of: key, into: &text)
            text.append("update_only=true\nremove=true\n")
        }
        text.append("\n")
        return text
    }

    private static func writeKey(of key: PublicKey, into text: inout SecretBuffer) {
        text.append("public_key=")
        key.withBytes { text.append(hex: $0) }
        text.append("\n")
    }

    private static func write(_ peer: WireGuardPeerChange, into text: inout SecretBuffer) {
        writeKey(of: peer.publicKey, into: &text)
        if !peer.isNew { text.append("update_only=true\n") }
        switch peer.presharedKey {
        case .set(let key):
            text.append("preshared_key=")
            key.withBytes { text.append(hex: $0) }
            text.append("\n")
        case .clear: text.append("preshared_key=\(String(repeating: "0", count: 64))\n")
        case nil: break
        }
        if let endpoint = peer.endpoint, case .address = endpoint.host { text.append("endpoint=\(endpoint)\n") }
        if let seconds = peer.keepalive { text.append("persistent_keepalive_interval=\(seconds)\n") }
        guard let allowed = peer.allowedIPs else { return }
        text.append("replace_allowed_ips=true\n")
        for network in allowed { text.append("allowed_ip=\(network)\n") }
    }

    /// What is wrong with an answer, by its line, counted from 1.
    struct Refusal: Error, Equatable {
        var line: Int
        var reason: String
    }

    /// The number after `errno=` at the answer's end; nil if it is not there.
    static func errorNumber(_ text: UnsafeRawBufferPointer) -> Int32? {
        guard text.count >= 2, text[text.count - 1] == 10, text[text.count - 2] == 10 else { return nil }
        let body = text.dropLast(2)
        let line = body[(body.lastIndex(of: 10).map { $0 + 1 } ?? body.startIndex)...]
        guard line.starts(with: "errno=".utf8) else { return nil }
        return Int32(String(decoding: line.dropFirst(6), as: UTF8.self))
    }

    /// Reads the answer to `get=1`. Writes zeros over separators in `text`, for `inet_pton`, which wants C strings.
    static func read(_ text: UnsafeMutableRawBufferPointer) throws(Refusal) -> ObservedWireGuard {
        var parser = ConfigurationParser()
        var start = 0
        var line = 1
        while start < text.count {
            guard let found = memchr(text.baseAddress! + start, 10, text.count - start) else {
                throw Refusal(line: line, reason: "the line has no end")
            }
            let end = found - text.baseAddress!
            if end == start { break }
            guard let equals = memchr(text.baseAddress! + start, 61, end - start) else {
                throw Refusal(line: line, reason: "no = in the line")
            }
            let middle = equals - text.baseAddress!
            text[end] = 0
            let key = UnsafeRawBufferPointer(rebasing: text[start..<middle])
            let value = UnsafeMutableRawBufferPointer(rebasing: text[(middle + 1)..<end])
            if let reason = parser.take(key, value) { throw Refusal(line: line, reason: reason) }
            start = end + 1
            line += 1
        }
        return parser.device
    }
}
