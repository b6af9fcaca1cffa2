// What WireGuard says of itself, on a socket of its own: nobody who reads it is waited for.

import CLinux
import Glibc
import NetTypes
import UAPI

/// Remembers the last events and tells them, and those that come, to whoever connects. One thread: the control thread.
///
/// Where nobody is connected, an event costs a store into a ring.
final class EventStream {
    /// How many events are remembered.
    static let remembered = 1024

    private var ring = EventRing<TunnelEvent>(capacity: remembered)
    private var readers: [Int32: EventReader] = [:]

    /// Whether anybody is connected.
    var isHeard: Bool { !readers.isEmpty }

    /// Notes an event.
    func note(_ event: TunnelEvent) {
        ring.append(event)
        guard isHeard else { return }
        let line = Array("\(EventStreamLine.event(event))\n".utf8)
        for reader in readers.values { reader.append(line) }
    }

    /// Takes a connection, and with it the descriptor: first what is remembered, then what comes.
    func connect(_ descriptor: Int32) {
        var bytes: [UInt8] = []
        ring.forEach { bytes += "\(EventStreamLine.event($0))\n".utf8 }
        bytes += "\(EventStreamLine.live)\n".utf8
        readers[descriptor] = EventReader(descriptor: descriptor, greeting: bytes)
    }

    /// Writes what can be written without waiting. Then `watch` is called for each connection that waits for something else
    /// than before; those that are gone are closed.
    func flush(_ watch: (Int32, UInt32) -> Void) {
        for (descriptor, reader) in readers {
            guard reader.flush() else {
                readers[descriptor] = nil
                continue
            }
            if let what = reader.newWish() { watch(descriptor, what) }
        }
    }

    /// A connection is ready for something: readers say nothing, so it is room to write, or its end.
    func serve(_ descriptor: Int32) {
        guard let reader = readers[descriptor] else { return }
        if !reader.isThere() { readers[descriptor] = nil }
    }

    /// Closes all connections.
    func removeAll() { readers.removeAll() }
}

/// Somebody who reads events. What he does not take is kept for him up to a limit, then counted.
final class EventReader {
    /// Bytes that are kept for a reader beyond the greeting: some 500 events.
    static let limit = 1 << 16

    private let descriptor: Int32
    private var output: [UInt8]
    private var written = 0
    private var greetingLeft: Int
    private var missed = 0
    private var watched: UInt32 = 0

    init(descriptor: Int32, greeting: [UInt8]) {
        self.descriptor = descriptor
        output = greeting
        greetingLeft = greeting.count
    }

    deinit { close(descriptor) }

    /// Keeps a line, with its end, or counts it.
    func append(_ line: [UInt8]) {
        guard output.count - max(written, greetingLeft) + line.count <= Self.limit else { return missed += 1 }
        tellMissed()
        output += line
    }

    private func tellMissed() {
        guard missed > 0 else { return }
        output += "\(EventStreamLine.missed(missed))\n".utf8
        missed = 0
    }

    /// Writes what the reader takes now. False: he is gone.
    func flush() -> Bool {
        while true {
            while written < output.count {
                let count = output.withUnsafeBytes { bytes in
                    send(descriptor, bytes.baseAddress! + written, bytes.count - written, Int32(MSG_NOSIGNAL))
                }
                if count < 0 {
                    let isThere = errno == EAGAIN || errno == EINTR
                    letGoOfWritten()
                    return isThere
                }
                written += count
            }
            output.removeAll(keepingCapacity: true)
            (written, greetingLeft) = (0, 0)
            if missed == 0 { return true }
            tellMissed()
        }
    }

    /// A reader who is always a little behind must not make the buffer grow.
    private func letGoOfWritten() {
        guard written > Self.limit else { return }
        output.removeFirst(written)
        greetingLeft = max(0, greetingLeft - written)
        written = 0
    }

    /// What to wait for, if it is something else than at the last call.
    func newWish() -> UInt32? {
        let wish = UInt32(POLLER_READABLE) | (written < output.count ? UInt32(POLLER_WRITABLE) : 0)
        defer { watched = wish }
        return wish == watched ? nil : wish
    }

    /// False: he has closed the connection. What he says is nothing to anybody.
    func isThere() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
        }
    }
}
