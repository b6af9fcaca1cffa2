import CLinux
internal import BoxModel
import Glibc
internal import NetTypes
internal import System
internal import UAPI

/// The process behind an interface of wggw's own datapath, as the mark on the interface names it, or its socket.
///
/// It is held by a descriptor: whatever happens to it, its number cannot come to mean another process.
struct RunningDatapath: ~Copyable {
    /// Its number.
    let process: pid_t
    private let descriptor: Int32

    /// The process behind a link; nil if the link bears no mark, or if there is no such process any more.
    init?(behind link: Link) {
        guard let mark = link.alias.flatMap({ InterfaceMark($0) }) else { return nil }
        self.init(mark.process)
    }

    /// The process that listens at a configuration socket; nil if nobody does, if it is not wggw's, or not of this network namespace:
    /// several may share the directory of the sockets.
    init?(listeningAt sockets: SocketPaths) {
        let listener: pid_t
        do throws(BoxError) {
            listener = try StreamSocket(path: sockets.configuration, .init(.find, .datapath())).process
        } catch {
            return nil
        }
        guard isInThisNetwork(listener) else { return nil }
        self.init(listener)
    }

    private init?(_ process: pid_t) {
        let descriptor = clinux_process_descriptor(process)
        guard descriptor >= 0 else { return nil }
        // Whoever may write an alias must not choose whom root kills, and in another PID namespace the number means nothing.
        guard Self.isDatapath(process) else {
            close(descriptor)
            return nil
        }
        self.process = process
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Sends it, which carries `interface`, a signal. False: this process may not, as in a container without CAP_KILL.
    borrowing func take(_ signal: Int32, behind interface: String) throws(BoxError) -> Bool {
        switch clinux_signal_process(descriptor, signal) {
        // One that has just ended needs to be told nothing.
        case 0, -ESRCH: return true
        case -EPERM: return false
        case let error: throw .system(.init(.end, .datapath(of: interface, process: process)), code: -error)
        }
    }

    /// Waits until it has ended, after it was told to: as long as it works at it. Once it does nothing for a second it is killed. A
    /// command that is told to stop meanwhile waits on: to whoever goes back, one that is about to end would look alive.
    borrowing func awaitEnd(behind interface: String) throws(BoxError) {
        let operation = BoxError.Operation(.end, .datapath(of: interface))
        var patience = Patience(with: process, idle: .seconds(1))
        if try patience.wait(for: descriptor, isCommitted: true, operation) { return }
        guard try take(SIGKILL, behind: interface) else {
            throw BoxError(operation, .process(.mayNotBeKilled(process)))
        }
        guard try Deadline(Patience.usual).wait(for: descriptor, isCommitted: true, operation) else {
            throw BoxError(operation, .process(.doesNotDie(process)))
        }
    }

    /// Whether the file that it was started from is no more, as after an upgrade. Only who may look into the process can tell.
    var isOfOlderProgram: Bool {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(process)/exe", &path, path.count)
        return count > 0
            && String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).hasSuffix(" (deleted)")
    }

    /// Whether the process runs `wggw datapath`, under whichever name.
    private static func isDatapath(_ process: pid_t) -> Bool {
        let words = (readFile("/proc/\(process)/cmdline", upTo: 4096) ?? []).split(separator: 0)
            .map { String(decoding: $0, as: UTF8.self) }
        return words.contains("datapath") || words.first?.hasSuffix("wggw-datapath") == true
    }
}
