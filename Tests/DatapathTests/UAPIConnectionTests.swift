import CLinux
import Glibc
import NetTypes
import Testing

@testable import Datapath

@Suite struct UAPIConnectionTests {
    /// A connection and the client's end of it.
    private func connect() -> (UAPIConnection, Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        return (UAPIConnection(descriptor: ends[0]), ends[1])
    }

    private func write(_ client: Int32, _ text: String) {
        #expect(Glibc.write(client, text, text.utf8.count) == text.utf8.count)
    }

    private func readAll(_ client: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var text: [UInt8] = []
        while true {
            let n = read(client, &buffer, buffer.count)
            if n <= 0 { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<n]
        }
    }

    private func text(_ text: String) -> SecretBuffer {
        var buffer = SecretBuffer()
        buffer.append(text)
        return buffer
    }

    private func echo(_ request: UnsafeRawBufferPointer) -> SecretBuffer {
        text("<\(String(decoding: request, as: UTF8.self))>")
    }

    @Test func severalOperationsInPieces() {
        let (connection, client) = connect()
        defer { close(client) }
        write(client, "get=1\n")
        #expect(connection.serve(echo) == UInt32(POLLER_READABLE))
        #expect(readAll(client) == "")
        write(client, "\nset=1\nlisten_port=1\n\nget")
        #expect(connection.serve(echo) == UInt32(POLLER_READABLE))
        #expect(readAll(client) == "<get=1><set=1\nlisten_port=1>")
        write(client, "=1\n\n")
        shutdown(client, Int32(SHUT_WR))
        _ = connection.serve(echo)
        #expect(readAll(client) == "<get=1>")
        #expect(connection.serve(echo) == nil)
    }

    /// A request in two pieces, the first longer than any room that there was.
    @Test func requestsLargerThanABufferArriveWhole() {
        let (connection, client) = connect()
        defer { close(client) }
        let lines = String(repeating: "allowed_ip=10.0.0.0/8\n", count: 5000)
        var request = "set=1\n" + lines + "\n"
        var answers: [Int] = []
        request.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                sent += max(0, Glibc.write(client, bytes.baseAddress! + sent, bytes.count - sent))
                _ = connection.serve {
                    answers.append($0.count)
                    return SecretBuffer()
                }
            }
        }
        #expect(answers == ["set=1\n".utf8.count + lines.utf8.count - 1])
    }

    @Test func clientThatNeverReadsIsLeftAlone() {
        let (connection, client) = connect()
        defer { close(client) }
        let big = String(repeating: "A", count: 400_000)
        var answers = 0
        write(client, String(repeating: "get=1\n\n", count: 50))
        for _ in 0..<10 {
            let wanted = connection.serve { _ in
                answers += 1
                return text(big)
            }
            #expect(wanted.map { $0 & UInt32(POLLER_WRITABLE) } == UInt32(POLLER_WRITABLE))
        }
        // Past the limit no further request is answered until what there is was read.
        #expect(answers < 6)
        while answers < 50 {
            _ = readAll(client)
            _ = connection.serve { _ in
                answers += 1
                return text(big)
            }
        }
    }

    @Test func clientThatIsGoneEndsTheConnection() {
        let (connection, client) = connect()
        write(client, "get=1\n\n")
        close(client)
        #expect(connection.serve(echo) == nil)
    }

    /// A `set` is answered when it holds; what was asked for behind it waits for that, and the client is not read from meanwhile.
    @Test func answersThatComeLaterKeepTheOrder() {
        let (connection, client) = connect()
        defer { close(client) }
        var asked: [String] = []
        let answer = { (request: UnsafeRawBufferPointer) -> SecretBuffer? in
            asked.append(String(decoding: request, as: UTF8.self))
            return asked.last == "set=1" ? nil : self.echo(request)
        }
        write(client, "get=1\n\nset=1\n\nget=1\n\nset=1\n\n")
        #expect(connection.serve(answer) == 0)
        #expect(readAll(client) == "<get=1>")
        write(client, "get=1\n\n")
        #expect(connection.serve(answer) == 0)
        #expect(asked == ["get=1", "set=1"])
        for (number, rest) in ["<get=1>", "<get=1>"].enumerated() {
            connection.complete(text("done \(number)"))
            _ = connection.serve(answer)
            if number == 0 {
                #expect(readAll(client) == "done 0\(rest)")
                #expect(asked == ["get=1", "set=1", "get=1", "set=1"])
            } else {
                #expect(connection.serve(answer) == UInt32(POLLER_READABLE))
                #expect(readAll(client) == "done 1\(rest)")
            }
        }
    }

    /// One that says no more may still listen.
    @Test func clientThatHasSaidAllGetsItsAnswer() {
        let (connection, client) = connect()
        defer { close(client) }
        write(client, "set=1\n\n")
        shutdown(client, Int32(SHUT_WR))
        for _ in 1...3 { #expect(connection.serve({ _ in nil }) == 0) }
        connection.complete(text("done"))
        #expect(connection.serve(echo) == nil)
        #expect(readAll(client) == "done")
    }

    @Test func clientThatHangsUpIsNotWaitedFor() {
        let (connection, client) = connect()
        write(client, "set=1\n\nget=1\n\n")
        #expect(connection.serve({ _ in nil }) == 0)
        close(client)
        #expect(connection.serve(isGone: true, echo) == nil)
    }
}
