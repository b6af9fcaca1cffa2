import CMnl
internal import Compiler
import Glibc

/// A userspace WireGuard (wggw's own datapath, wireguard-go and its like), over its configuration socket.
struct UserspaceWireGuard: WireGuardDevice {
    /// The interface's name.
    let interface: String

    func read() throws(BoxError) -> ObservedWireGuard {
        let operation = "read \(interface)"
        var socket = try StreamSocket(path: path, operation)
        var text = SecretBuffer(capacity: 1 << 17)
        text.append("get=1\n\n")
        try socket.send(text, operation)
        text.removeFirst(text.count)
        var reader = ConfigurationReader()
        while !reader.isComplete {
            try receive(from: &socket, into: &text, operation)
            do { text.removeFirst(try reader.take(text.mutableBytes)) } catch {
                throw BoxError(
                    operation, cause: "line \(error.line) of the answer on \(path) is wrong: \(error.reason)",
                    code: EBADMSG)
            }
        }
        if let code = reader.errorNumber, code != 0 { throw .system(operation, code: abs(code)) }
        return reader.device
    }

    func set(_ change: WireGuardChange) throws(BoxError) {
        let operation = "set \(interface)"
        var socket = try StreamSocket(path: path, operation)
        try socket.send(ConfigurationText.write(change), operation)
        var answer = SecretBuffer(capacity: 1 << 16)
        while true {
            try receive(from: &socket, into: &answer, operation)
            guard let code = ConfigurationText.errorNumber(answer.bytes) else { continue }
            if code == 0 { return }
            throw .system(operation, code: abs(code))
        }
    }

    private var path: String { DatapathSockets(interface: interface).configuration }

    private func receive(
        from socket: inout StreamSocket, into answer: inout SecretBuffer, _ operation: String
    ) throws(BoxError) {
        guard try socket.receive(into: &answer, operation) > 0 else {
            throw BoxError(operation, cause: "\(path) closed in the middle of its answer", code: EPIPE)
        }
    }
}
