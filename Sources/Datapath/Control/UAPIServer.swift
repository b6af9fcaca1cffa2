// The configuration socket: connections, and how their bytes become requests.

import CLinux
import Glibc
import NetTypes
import System

/// A listening socket at its final path, made so that nobody ever sees it bound but not listening.
struct UAPIListener {
    /// Where the socket was made.
    let path: String
    let descriptor: Int32
    /// Who removes the socket, since this process may not write to its directory.
    private let janitor: (descriptor: Int32, process: pid_t)
    /// Fails once somebody else removed the socket.
    var removal: Int32 { janitor.descriptor }

    /// Listens at `path`, owner only. A dead process's socket is replaced. Throws `.alreadyRunning` if a live one answers.
    init(path: String) throws(DatapathError) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = String(path[..<slash])
        if mkdir(directory, 0o700) != 0 && errno != EEXIST {
            throw .system(doing: .makeDirectory(directory), errno: errno)
        }
        if UnixSocket.isListenedAt(path) { throw .alreadyRunning(path: path) }
        // `wg` takes names that end in .sock for interfaces, so this one is none until it is renamed.
        let temporary = "\(path).\(getpid())"
        var process: pid_t = 0
        let end = privileges_janitor(path, temporary, &process)
        janitor = (try check(end, .startJanitor(path)), process)
        do throws(DatapathError) {
            descriptor = try Self.listen(in: directory, at: temporary, before: path, tellingOf: janitor.descriptor)
        } catch {
            privileges_await_janitor(janitor.descriptor, janitor.process)
            throw error
        }
        self.path = path
    }

    /// Makes the socket at `temporary`, tells the janitor which file it is, and gives it its name.
    private static func listen(
        in directory: String, at temporary: String, before path: String, tellingOf janitor: Int32
    ) throws(DatapathError) -> Int32 {
        let fd = try check(UnixSocket.open(), .makeSocket)
        do throws(DatapathError) {
            unlink(temporary)
            // The mode is that of the moment of bind, so that there is no moment at which others may connect.
            let mask = umask(0o177)
            let bound = UnixSocket.with(temporary) { bind(fd, $0, $1) }
            umask(mask)
            try check(bound, .bind(temporary))
            try inheritOwner(directory, temporary)
            try check(Glibc.listen(fd, 128), .listen(temporary))
            var status = stat()
            try check(lstat(temporary, &status), .look(temporary))
            var file = janitor_file(device: status.st_dev, inode: status.st_ino)
            let size = MemoryLayout<janitor_file>.size
            try check(write(janitor, &file, size) == size ? 0 : -1, .tellJanitor(temporary))
            try check(rename(temporary, path), .rename(temporary, to: path))
            return fd
        } catch {
            close(fd)
            throw error
        }
    }

    private static func inheritOwner(_ directory: String, _ socket: String) throws(DatapathError) {
        let place = try check(file_look(AT_FDCWD, directory), .look(directory))
        defer { close(place) }
        try check(file_inherit_owner(place, AT_FDCWD, socket), .bind(socket))
    }

    /// The interface has another name now, and so has the socket: whoever renames one renames the other.
    func follow(interface name: String) {
        let bytes = Array(name.utf8) + [UInt8](repeating: 0, count: Int(JANITOR_NAME))
        _ = write(janitor.descriptor, bytes, Int(JANITOR_NAME))
    }

    /// Stops listening, and removes the socket if it still is this one.
    func remove() {
        close(descriptor)
        privileges_await_janitor(janitor.descriptor, janitor.process)
    }
}

/// One client. It is read from and written to only when that does not block.
final class UAPIConnection {
    /// A request larger than this is refused: about 300,000 peers.
    static let inputLimit = 64 << 20
    /// A client that does not read its answers gets no further ones past this.
    static let outputLimit = 1 << 20

    let descriptor: Int32
    private var input = SecretBuffer()
    private var scanned = 0
    private var output = SecretBuffer()
    private var written = 0
    private var isFinished = false
    /// A request was taken whose answer is still to come. What stands behind it waits.
    private var isAwaitingAnswer = false

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Reads what there is, answers each complete request by `answer`, writes what can be written. Where `answer` gives nil, the
    /// answer will come by `complete`, and further requests wait for that. `isGone`: there is nobody at the other end.
    /// What to wait for next, or nil: the connection is done, and an answer that is still to come is nobody's.
    func serve(isGone: Bool = false, _ answer: (UnsafeRawBufferPointer) -> SecretBuffer?) -> UInt32? {
        if isGone && isAwaitingAnswer { return nil }
        if wantsInput { readAvailable() }
        repeat {
            while canAnswer, let end = requestEnd() {
                if let reply = answer(UnsafeRawBufferPointer(rebasing: input.bytes[..<end])) {
                    append(reply)
                } else {
                    isAwaitingAnswer = true
                }
                input.removeFirst(end + 2)
                scanned = 0
            }
            guard writeAvailable() else { return nil }
            // Requests that had to wait for room are answered now: no event will tell of them again.
        } while output.count == 0 && canAnswer && requestEnd() != nil
        let isWaiting = written < output.count
        if !isWaiting && isFinished && !isAwaitingAnswer { return nil }
        return (isWaiting ? UInt32(POLLER_WRITABLE) : 0) | (wantsInput ? UInt32(POLLER_READABLE) : 0)
    }

    /// The answer to the request that `serve` got none for. Call `serve` afterwards.
    func complete(_ reply: consuming SecretBuffer) {
        precondition(isAwaitingAnswer, "an answer to nothing")
        isAwaitingAnswer = false
        append(reply)
    }

    private func append(_ reply: consuming SecretBuffer) {
        if output.count == 0 { output = reply } else { output.append(reply.bytes) }
    }

    private var canAnswer: Bool { !isAwaitingAnswer && output.count - written <= Self.outputLimit }

    private var wantsInput: Bool { !isFinished && canAnswer }

    private func readAvailable() {
        // Bounded, so that one client that writes without end does not keep the others waiting.
        for _ in 0..<64 {
            let n = input.fill(room: 65536) { read(descriptor, $0.baseAddress, 65536) }
            if n == 0 || n < 0 && errno != EAGAIN && errno != EINTR || input.count > Self.inputLimit {
                isFinished = true
            }
            if n < 65536 { return }
        }
    }

    /// Where the empty line starts that ends the first request.
    private func requestEnd() -> Int? {
        let newline = UInt8(ascii: "\n")
        let bytes = input.bytes
        var at = max(scanned, 1)
        scanned = bytes.count
        while at < bytes.count {
            guard let hit = memchr(bytes.baseAddress! + at, Int32(newline), bytes.count - at) else { return nil }
            at = UnsafeRawPointer(hit) - bytes.baseAddress!
            if bytes[at - 1] == newline { return at - 1 }
            at += 1
        }
        return nil
    }

    /// False: the client is gone.
    private func writeAvailable() -> Bool {
        while written < output.count {
            let bytes = output.bytes
            let n = send(descriptor, bytes.baseAddress! + written, bytes.count - written, Int32(MSG_NOSIGNAL))
            if n < 0 { return errno == EAGAIN || errno == EINTR }
            written += n
        }
        output = SecretBuffer()
        written = 0
        return true
    }
}
