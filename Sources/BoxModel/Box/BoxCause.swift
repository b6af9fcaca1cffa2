public import UAPI

extension BoxError {
    /// What the box answered.
    public indirect enum Cause: Equatable, Sendable {
        /// An errno.
        case system(Refusal)
        /// The command was told to stop, by this signal.
        case stopped(signal: String? = nil)
        /// It was never the same from the beginning to the end.
        case restless(isList: Bool)
        /// Of netlink.
        case silentKernel
        /// What this kernel does not have.
        case lacking(Facility)
        /// Of this name.
        case noInterface(String)
        /// It is of another kind; nil: hardware.
        case otherKind(String?)
        /// An interface that is none of WireGuard's.
        case noWireGuard
        /// A file under /proc/sys.
        case noNumber
        /// A set of wggw's table.
        case setChanged(String)
        /// Somebody else listens already to what only one of a kind hears.
        case heardBy(DenialLog)
        /// A name has no address, in the resolver's words, where it has some; so it is with so many others.
        case unresolved(resolver: String? = nil, others: Int = 0)
        /// No name server answers in time.
        case silentResolver
        /// A datapath does not answer at its socket; its process, where that is known.
        case silentDatapath(process: Int32? = nil, socket: String)
        /// It closed its socket.
        case cutShort(socket: String)
        /// It answered what nobody understands.
        case malformed(socket: String, UAPIError)
        /// A process that should do something.
        case process(ProcessFault)
        /// What is still to be done after all was.
        case undone(Plan)
        /// What is still there after a teardown: what would take it away.
        case remains(Plan)
    }

    /// What a kernel can be built without.
    public enum Facility: String, Sendable {
        case connectionTracking = "this kernel has no ctnetlink"
        case debugLines = "this kernel's WireGuard was built without them"
        case dynamicDebug = "this kernel has no dynamic debug, or it is not mounted"
        case packetLog = "this kernel cannot log packets"
        case wireGuard = "this kernel has no WireGuard"
    }

    /// What the operating system refused.
    public struct Refusal: Hashable, Sendable {
        /// The errno.
        public var code: Int32
        /// What the C library calls it.
        public var name: String
        /// What the kernel says beside, in its own words.
        public var kernel: String?
        /// What it is about.
        public var subject: Subject?
        /// Whether root was refused.
        public var isRoot: Bool

        /// What a refusal can be about besides the operation.
        public enum Subject: Hashable, Sendable {
            case program(String), udpPort(UInt16)
            /// Of a datapath.
            case socket(String)
        }

        /// Makes a refusal.
        public init(
            _ code: Int32, name: String, kernel: String? = nil, subject: Subject? = nil, isRoot: Bool = false
        ) {
            self.code = code
            self.name = name
            self.kernel = kernel
            self.subject = subject
            self.isRoot = isRoot
        }
    }

    /// What a process does wrong.
    public enum ProcessFault: Hashable, Sendable {
        /// It ended; the program, where it is not wggw's own, and what it wrote last.
        case ended(Exit?, program: String? = nil, output: String? = nil)
        /// It ended with these words.
        case said(String)
        /// It said nothing for thirty seconds; or these words.
        case notReady(String? = nil)
        /// It did not go into the background in ten seconds.
        case inForeground(program: String)
        /// It stands, and does not answer; what it wrote last.
        case silent(output: String?)
        /// It hangs, and nobody here may kill it.
        case mayNotBeKilled(Int32)
        /// It was killed.
        case doesNotDie(Int32)
        /// Of a datapath whose interface is gone.
        case stillListens(socket: String)
        /// It ended so, in place of an end without a word; nil: it does not end.
        case child(Exit?)
    }

    /// How a process ended.
    public enum Exit: Hashable, Sendable { case status(Int32), signal(Int32) }
}

extension BoxError.Cause: CustomStringConvertible {
    /// `Operation not permitted`
    public var description: String {
        switch self {
        case .system(let refusal): refusal.words
        case .stopped(let signal): "told to stop\(signal.map { " by \($0)" } ?? "")"
        case .restless(let isList): "\(isList ? "the list" : "it") kept changing while it was read"
        case .silentKernel: "the kernel does not answer"
        case .lacking(let facility): facility.rawValue
        case .noInterface(let name): "there is no interface \(name)"
        case .otherKind(let kind): "there is one of that name, of kind \(kind ?? "hardware")"
        case .noWireGuard: "it is no WireGuard interface"
        case .noNumber: "its value is not a number"
        case .setChanged(let name): "somebody has changed set \(name)"
        case .heardBy: "another process listens already"
        case .unresolved(let resolver, let others):
            (resolver ?? "it has no address") + (others == 0 ? "" : ", and \(others) more like it")
        case .silentResolver: "no name server answers in time"
        case .silentDatapath(let process, let socket):
            "its datapath\(process.map { " (process \($0))" } ?? "") does not answer on \(socket)"
        case .cutShort(let socket): "\(socket) closed in the middle of its answer"
        case .malformed(let socket, let error): "line \(error.line) of the answer on \(socket) is wrong: \(error.fault)"
        case .process(let fault): fault.words
        case .undone(let plan): "it is still not as desired: " + plan.lines.joined(separator: ", ")
        case .remains(let plan): "still there: " + plan.lines.joined(separator: ", ")
        }
    }

    var code: Int32 {
        switch self {
        case .system(let refusal): refusal.code
        case .stopped: Errno.interrupted
        case .restless: Errno.again
        case .silentKernel, .silentDatapath: Errno.timedOut
        case .lacking(.wireGuard): Errno.noProtocol
        case .lacking(.dynamicDebug): Errno.noEntry
        case .lacking: Errno.notSupported
        case .noInterface, .noWireGuard: Errno.noDevice
        case .otherKind: Errno.exists
        case .setChanged, .heardBy: Errno.busy
        case .unresolved: Errno.noRoute
        case .cutShort: Errno.brokenPipe
        case .malformed: Errno.badMessage
        case .process(.ended), .process(.said), .process(.child): 0
        case .process: Errno.timedOut
        case .noNumber, .silentResolver, .undone, .remains: 0
        }
    }
}

extension BoxError.Refusal {
    fileprivate var words: String {
        let subject: String? =
            switch subject {
            case .program(let path), .socket(let path): path
            case .udpPort(let port): "UDP port \(port)"
            case nil: nil
            }
        return [name, kernel.map { "(\($0))" }, subject.map { "(\($0))" }].compactMap(\.self).joined(separator: " ")
    }
}

extension BoxError.ProcessFault {
    fileprivate var words: String {
        func after(_ output: String?) -> String { output.map { ": \($0)" } ?? "" }
        return switch self {
        case .ended(let exit, let program, let output):
            "\(program ?? "it") ended with \(exit?.words ?? "no status")\(after(output))"
        case .said(let words), .notReady(let words?): words
        case .notReady(nil): "it was not ready in thirty seconds"
        case .inForeground(let program): "\(program) did not go into the background in ten seconds"
        case .silent(let output): "it started, but does not answer\(after(output))"
        case .mayNotBeKilled(let process): "process \(process) does nothing, and may not be killed"
        case .doesNotDie(let process): "process \(process) was killed, and does not end"
        case .stillListens: "its interface is gone, but the process still listens"
        case .child(let exit): "the process for it \(exit.map { "ended with \($0.words)" } ?? "does not end")"
        }
    }
}

extension BoxError.Exit {
    fileprivate var words: String {
        switch self {
        case .status(let number): "status \(number)"
        case .signal(let number): "signal \(number)"
        }
    }
}
