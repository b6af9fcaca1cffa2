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
}

/// Reads the answer to `get=1` as it comes in, so that it is read while the other side still writes.
struct ConfigurationReader {
    private var parser = ConfigurationParser()
    private var line = 1
    /// Whether the empty line at the end was seen.
    private(set) var isComplete = false

    /// The number at the answer's end, and what was read; `device` is whole then.
    var errorNumber: Int32? { parser.errorNumber }
    /// What was read so far.
    var device: ObservedWireGuard { parser.device }

    /// Takes all lines that are whole, and returns how many bytes they are; the rest comes again with what comes then.
    /// Writes zeros over separators in `text`, for `inet_pton`, which wants C strings.
    mutating func take(_ text: UnsafeMutableRawBufferPointer) throws(ConfigurationText.Refusal) -> Int {
        var start = 0
        while !isComplete, start < text.count,
            let found = memchr(text.baseAddress! + start, 10, text.count - start)
        {
            let end = found - text.baseAddress!
            if end == start {
                guard errorNumber != nil else { throw .init(line: line, reason: "the answer ends without errno") }
                isComplete = true
            } else {
                try takeLine(UnsafeMutableRawBufferPointer(rebasing: text[start...end]))
            }
            start = end + 1
            line += 1
        }
        return start
    }

    /// A line with the newline at its end.
    private mutating func takeLine(_ text: UnsafeMutableRawBufferPointer) throws(ConfigurationText.Refusal) {
        let end = text.count - 1
        guard let equals = memchr(text.baseAddress!, 61, end) else {
            throw .init(line: line, reason: "no = in the line")
        }
        let middle = equals - text.baseAddress!
        text[end] = 0
        let key = UnsafeRawBufferPointer(rebasing: text[..<middle])
        let value = UnsafeMutableRawBufferPointer(rebasing: text[(middle + 1)..<end])
        if let reason = parser.take(key, value) { throw .init(line: line, reason: reason) }
    }
}
