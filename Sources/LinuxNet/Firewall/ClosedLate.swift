import Glibc
internal import Synchronization

/// Sockets to nf_tables, open for as long as the value lives.
///
/// The kernel does not let go of one before it has freed what the last transaction replaced, which takes it a grace period
/// of some 12 ms. Nobody needs to wait for that while a datapath is to be started.
final class ClosedLate: Sendable {
    private let descriptors = Mutex<[Int32]>([])

    /// The socket is done with.
    func keep(_ socket: borrowing NetlinkSocket) {
        let descriptor = socket.duplicate()
        if descriptor >= 0 { descriptors.withLock { $0.append(descriptor) } }
    }

    deinit { descriptors.withLock { for descriptor in $0 { close(descriptor) } } }
}
