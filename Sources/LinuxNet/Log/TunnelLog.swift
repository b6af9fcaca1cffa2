import CLinux
import CMnl
public import BoxModel
import Glibc
public import NetTypes
internal import UAPI

/// What WireGuard says of one interface: from the built-in datapath over its event socket, from the kernel by its debug lines.
public struct TunnelLog {
    /// What is to be told.
    public enum Entry: Equatable, Sendable {
        /// Something happened.
        case event(TunnelEvent)
        /// So many events are lost, because they came faster than they were read; nil: nobody counted.
        case missed(Int?)
        /// WireGuard itself cannot be heard, and why; what is read beside goes on.
        case deaf(BoxError)
    }

    private let interface: String
    private let backend: Backend
    private let switchCommand: [String]

    /// `switchCommand`: the program and arguments that run `KernelLogSwitch.hold`; by default this executable's own.
    public init(interface: String, backend: Backend, switchCommand: [String] = [ownProgram, "log-switch"]) {
        self.interface = interface
        self.backend = backend
        self.switchCommand = switchCommand
    }

    /// Tells each entry, until SIGINT, SIGTERM or SIGHUP, until nobody reads any more what is made of it, or until the
    /// datapath ends. The calling thread has these signals blocked from then on.
    ///
    /// `remembered`: also what happened before, as far as somebody remembers it: the datapath its last events, the kernel
    /// what is in its log. `follows`: also what is to come; without it, it ends where the remembered ends. `readOther` is called
    /// beside, whenever the descriptor `other` is readable. `reader`: where it is written to, be it a pipe.
    public func read(
        remembered: Bool, follows: Bool, beside other: Int32? = nil, reading readOther: () -> Void = {},
        reader: Int32, _ tell: (Entry) -> Void
    ) throws(BoxError) {
        let signals = poller_signals()
        guard signals >= 0 else { throw .system(.init(.listen, .signals), code: -signals) }
        defer { close(signals) }
        switch backend {
        case .userspace:
            var stream = try DatapathEventStream(interface: interface, remembered: remembered)
            try Self.wait(for: stream.descriptor, beside: other, reading: readOther, signals, reader) {
                () throws(BoxError) in
                try stream.read(tell) && (follows || !stream.isLive)
            }
        case .kernel:
            do throws(BoxError) {
                try readKernel(remembered: remembered, follows: follows, other, readOther, signals, reader, tell)
            } catch {
                // In a container, say, that has the kernel's WireGuard and not its log.
                guard other != nil else { throw error }
                tell(.deaf(error))
                try Self.wait(for: -1, beside: other, reading: readOther, signals, reader) { () throws(BoxError) in true
                }
            }
        }
    }

    private func readKernel(
        remembered: Bool, follows: Bool, _ other: Int32?, _ readOther: () -> Void, _ signals: Int32, _ reader: Int32,
        _ tell: (Entry) -> Void
    ) throws(BoxError) {
        // What nobody will wait for needs nothing turned on.
        let lines = follows ? try KernelLogSwitchProcess(command: switchCommand) : nil
        var log = try KernelLog(interface: interface, remembered: remembered)
        if remembered { try log.read(tell) }
        if follows {
            try Self.wait(for: log.descriptor, beside: other, reading: readOther, signals, reader) {
                () throws(BoxError) in
                try log.read(tell)
                return true
            }
        }
        try lines?.end()
    }

    /// Calls `read` whenever there is something, until it returns false; never of the descriptor -1.
    private static func wait(
        for descriptor: Int32, beside other: Int32?, reading readOther: () -> Void, _ signals: Int32,
        _ reader: Int32, _ read: () throws(BoxError) -> Bool
    ) throws(BoxError) {
        while true {
            var ready = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
                // Nothing is asked for but its end, which needs no asking.
                pollfd(fd: reader, events: 0, revents: 0),
                pollfd(fd: other ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&ready, 4, -1) < 0 {
                if errno == EINTR { continue }
                throw .system(.init(.wait, .events))
            }
            if ready[1].revents != 0 || ready[2].revents & Int16(POLLERR) != 0 { return }
            if ready[3].revents != 0 { readOther() }
            if ready[0].revents != 0, try !read() { return }
        }
    }
}

/// A connection to the built-in datapath's events.
struct DatapathEventStream: ~Copyable {
    private let socket: StreamSocket
    private let operation: BoxError.Operation
    private let remembered: Bool
    private var buffer: [UInt8] = []
    /// Whether all that was remembered has come.
    private(set) var isLive = false

    init(interface: String, remembered: Bool) throws(BoxError) {
        operation = .init(.listen, .datapath(of: interface))
        self.remembered = remembered
        socket = try StreamSocket(path: SocketPaths(interface: interface).events, operation)
    }

    /// Readable when there is something, or when it has ended.
    var descriptor: Int32 { socket.fd }

    /// Reads what there is, without waiting. False: the datapath has ended.
    mutating func read(_ tell: (TunnelLog.Entry) -> Void) throws(BoxError) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(socket.fd, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return true }
            if errno == ECONNRESET { return false }
            throw .system(operation)
        }
        buffer += bytes[..<count]
        while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
            switch EventStreamLine(String(decoding: buffer[..<end], as: UTF8.self)) {
            case .live?: isLive = true
            case .event(let event)? where remembered || isLive: tell(.event(event))
            case .missed(let count)? where remembered || isLive: tell(.missed(count))
            // What a newer datapath says beyond what is known here.
            default: break
            }
            buffer.removeSubrange(...end)
        }
        return count > 0
    }
}

/// The kernel's log, as far as WireGuard speaks there of one interface.
struct KernelLog: ~Copyable {
    private let interface: String
    private let wallAtBoot: UInt64
    private var numbers = PeerNumbers()
    /// Readable when there is a record.
    let descriptor: Int32

    init(interface: String, remembered: Bool) throws(BoxError) {
        self.interface = interface
        wallAtBoot = Self.nanoseconds(CLOCK_REALTIME) - Self.nanoseconds(CLOCK_MONOTONIC)
        descriptor = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.init(.read, .kernelLog)) }
        lseek(descriptor, 0, remembered ? SEEK_SET : SEEK_END)
    }

    deinit { close(descriptor) }

    /// Reads what there is, without waiting.
    mutating func read(_ tell: (TunnelLog.Entry) -> Void) throws(BoxError) {
        // The longest record there can be: CONSOLE_EXT_LOG_MAX.
        var bytes = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = Glibc.read(descriptor, &bytes, bytes.count)
            if count < 0 {
                switch errno {
                case EAGAIN: return
                case EINTR: continue
                // Overwritten before it was read.
                case EPIPE: tell(.missed(nil))
                default: throw .system(.init(.read, .kernelLog))
                }
                continue
            }
            let text = String(decoding: bytes[..<count], as: UTF8.self)
            guard let record = KernelLogRecord(text, wallAtBoot: wallAtBoot), record.interface == interface else {
                continue
            }
            var event = record.event
            numbers.identify(&event, now: Self.nanoseconds(CLOCK_MONOTONIC)) {
                // An interface that is just going away has nobody to name.
                (try? KernelWireGuard(interface: interface).read())?.peers ?? []
            }
            tell(.event(event))
        }
    }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
