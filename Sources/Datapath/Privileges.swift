// What the process gives up once TUN and the configuration socket are there.

import CLinux
import Glibc
import Synchronization
import System

/// What stays: the capabilities for a new fwmark and a port below 1024, since `wg set` may ask for either at any time, and the
/// system calls of a running datapath, with the arguments that it gives them. A janitor with the directory's uid, no capability and no key removes the socket.
enum Privileges {
    /// The first of the uids that processes take, one an interface, so that no other process has the same and may send signals.
    /// Past the ranges that systemd and container managers hand out, and below 2^31.
    private static let firstUser: uid_t = 0x7767_0000
    private static let nobody: uid_t = 65534

    /// Locks memory and drops root; whoever is not root stays who it is, as where the service started it. On one thread. Throws `.system` if capabilities cannot be given up.
    ///
    /// Those that are kept come into effect by `takeUp`: what outlives the confinement is opened in between, since the kernel
    /// lets a netlink socket do what whoever opened it was allowed to.
    static func drop(interfaceIndex: Int32) throws(DatapathError) {
        // Where containers forbid to lock memory, there is mostly no swap either; not a reason to stay down.
        _ = privileges_lock_memory()
        // A user namespace may know few users, or root alone, who has no capability left then.
        let users = geteuid() == 0 ? [firstUser + uid_t(interfaceIndex) & 0xffff, nobody] : []
        for user in users where privileges_drop(user) == 0 { return }
        try check(privileges_drop(getuid()), .giveUpCapabilities)
    }

    /// Makes use of the capabilities that are kept. Before there are other threads.
    static func takeUp() throws(DatapathError) {
        try check(privileges_take_up(), .takeUpCapabilities)
    }

    /// Forbids all other system calls, once every worker has made its descriptors and found its libraries.
    static func confine(_ links: [UnsafeMutablePointer<WorkerLink>]) {
        while links.contains(where: { $0.pointee.epoch.load(ordering: .acquiring) == 0 }) { sched_yield() }
        let error = privileges_confine()
        guard error != 0 else { return }
        let text = Array("datapath: goes on without a seccomp filter: \(errnoText(-error))\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
    }
}
