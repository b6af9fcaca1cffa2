// The datapath as a process.

import CLinux
import Glibc
import NetTypes
import Synchronization
import System
import UAPI
import WireGuardProtocol

/// The built-in datapath of one interface.
public enum DatapathDaemon {
    /// Runs the datapath in this process until SIGTERM, SIGINT or SIGHUP, or until the interface is deleted. On return
    /// the interface and the configuration socket are gone and the keys wiped. Call it on the first thread, before there are others.
    public static func run(_ options: DatapathOptions) throws(DatapathError) {
        do throws(DatapathError) {
            try runReporting(options)
        } catch {
            if let descriptor = options.readinessDescriptor { ReadyWord(descriptor: descriptor).say(error.description) }
            throw error
        }
    }

    private static func runReporting(_ options: DatapathOptions) throws(DatapathError) {
        try check(process_harden(), .forbidCoreDumps)
        try check(process_close_others(options.readinessDescriptor ?? -1), .openNull)
        heap_borrow_large()
        let signals = try check(poller_signals(), .blockSignals)
        guard isInterfaceName(options.interface) else { throw .badInterfaceName(options.interface) }
        let paths = SocketPaths(interface: options.interface)
        if UnixSocket.isListenedAt(paths.configuration) { throw .alreadyRunning(path: paths.configuration) }
        let without = options.without
        inet_sum_select(
            without.contains(.noAVX2)
                ? INET_SUM_PORTABLE : without.contains(.noAVX512) ? INET_SUM_AVX2 : INET_SUM_AVX512)
        WireForm.useLanes(upTo: without.contains(.noAVX2) ? 1 : without.contains(.noAVX512) ? 8 : 16)
        let count = max(1, min(options.workers ?? defaultWorkers(), 64))
        let tun = try TunDevice(name: options.interface, queueCount: count, without: without)
        _ = tun_set_mtu(tun.name, 1420)
        // Before anybody can find it by anything else.
        try check(
            tun_set_alias(if_nametoindex(tun.name), "\(InterfaceMark(process: getpid()))"), .markInterface(tun.name))
        let listener = try UAPIListener(path: paths.configuration)
        defer { listener.remove() }
        // `wg` and `awg` look in directories of their own. Nobody needs the second: where another has the name, it is his.
        let second = try? UAPIListener(path: paths.amneziaConfiguration)
        defer { second?.remove() }
        let eventListener = try UAPIListener(path: paths.events)
        defer { eventListener.remove() }
        try runUntilEnd(options, tun, [listener] + (second.map { [$0] } ?? []), eventListener, signals)
    }

    private static func runUntilEnd(
        _ options: DatapathOptions, _ tun: TunDevice, _ listeners: [UAPIListener], _ eventListener: UAPIListener,
        _ signals: Int32
    ) throws(DatapathError) {
        let device = Device(random: { fillRandom($0) })
        let control = UnsafeMutablePointer<ControlQueue>.allocate(capacity: 1)
        control.initialize(to: ControlQueue())
        let paths = PeerPaths(capacity: device.tables.capacity)
        let links = tun.queues.map { _ in
            let link = UnsafeMutablePointer<WorkerLink>.allocate(capacity: 1)
            link.initialize(to: WorkerLink())
            return link
        }
        // After the tables for keys are mapped, and before there are threads.
        try Privileges.drop(interfaceIndex: check(interface_index(tun.name), .findInterface(tun.name)))
        let engine = ControlEngine(
            device: device, control: control, links: links, paths: paths, fallbacks: tun.fallbacks, clock: currentTime,
            sendDatagram: { _, _, _ in -ENETDOWN }, sendReplies: { _ in })
        let controller = try Controller(
            engine: engine, tun: tun, listeners: listeners, eventListener: eventListener, signals: signals)
        try Privileges.takeUp()
        let threads = zip(tun.queues, links).map { queue, link in
            WorkerThread(
                WorkerStart(
                    queue: queue, tables: device.tables, paths: paths, control: control, link: link,
                    fallbacks: tun.fallbacks, sharesPeers: tun.queues.count > 1))
        }
        Privileges.confine(links)
        if let descriptor = options.readinessDescriptor { ReadyWord(descriptor: descriptor).say() }
        controller.run()
        controller.finish()
        for thread in threads { thread.join() }
        // The port and the interface's name first: whoever comes next may be waiting for them.
        controller.closePorts()
        for queue in tun.queues { close(queue.descriptor) }
        controller.wipe()
    }

    private static func defaultWorkers() -> Int {
        let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return processors <= 2 ? 1 : min(processors, 16)
    }
}

/// What a worker's thread begins with. `@unchecked Sendable`: pointers to what is atomic or read only, and it is handed over once.
struct WorkerStart: @unchecked Sendable {
    let queue: TunQueue
    let tables: SharedTables
    let paths: PeerPaths
    let control: UnsafeMutablePointer<ControlQueue>
    let link: UnsafeMutablePointer<WorkerLink>
    let fallbacks: Fallbacks
    let sharesPeers: Bool

    fileprivate func run() {
        var worker = Worker(
            queue: queue, port: UDPSockets(v4: -1, v6: -1, batch: UDPSockets.makeBatch()), tables: tables, paths: paths,
            control: control, link: link, fallbacks: fallbacks, sharesPeers: sharesPeers)
        worker.run()
    }
}

/// A plain thread that runs one worker.
struct WorkerThread {
    private let handle: pthread_t

    init(_ start: WorkerStart) {
        let box = UnsafeMutablePointer<WorkerStart>.allocate(capacity: 1)
        box.initialize(to: start)
        var handle = pthread_t()
        let error = pthread_create(
            &handle, nil,
            { argument in
                guard let box = argument?.assumingMemoryBound(to: WorkerStart.self) else { return nil }
                let start = box.move()
                box.deallocate()
                start.run()
                return nil
            }, box)
        precondition(error == 0, "pthread_create")
        self.handle = handle
    }

    /// Waits for the thread's end.
    func join() { pthread_join(handle, nil) }
}

extension Controller {
    /// Tells all workers to end and all clients good-bye.
    func finish() {
        for link in engine.links {
            link.pointee.stopping.store(true, ordering: .sequentiallyConsistent)
            link.pointee.bell.ring()
        }
        connections.removeAll()
        engine.events.removeAll()
    }

    /// After the workers ended: closes all sockets, those that a worker might have held included.
    func closePorts() {
        for pair in sockets { pair.closeAll() }
        sockets = []
        engine.reclaim()
    }

    /// After the workers ended: erases every key.
    func wipe() {
        engine.perform { $0.down(into: &engine.effects) }
        engine.perform { $0.removeAllPeers(into: &engine.effects) }
        engine.perform { $0.setPrivateKey(nil, now: engine.clock(), into: &engine.effects) }
        if let ticket = engine.device.retire() { engine.device.reclaim(ticket) }
    }
}
