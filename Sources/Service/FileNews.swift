internal import Glibc

/// Word of what is done to a file, or to those in a directory, by inotify(7).
final class FileNews {
    /// Readable when there may be something; -1 where nobody tells.
    let descriptor: Int32
    private var watched: [Int32: String] = [:]

    init() { descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Listens from now on to a directory or a file, if it is there; once, also where it is asked twice. `events`: `IN_…`.
    func add(_ path: String, _ events: UInt32) {
        guard descriptor >= 0 else { return }
        let watch = inotify_add_watch(descriptor, path, events)
        if watch >= 0 { watched[watch] = path }
    }

    /// Reads what there is, without waiting: for each event the name of a file in the directory, or the path of a file that is listened
    /// to itself; nil where some of the news are lost.
    func read() -> [String?] {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            var names: [String?] = []
            while descriptor >= 0 {
                let count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                while rest.count >= MemoryLayout<inotify_event>.size {
                    let event = rest.loadUnaligned(as: inotify_event.self)
                    let end = MemoryLayout<inotify_event>.size + Int(event.len)
                    names.append(name(event, rest[MemoryLayout<inotify_event>.size..<end]))
                    rest = UnsafeRawBufferPointer(rebasing: rest[end...])
                }
            }
            return names
        }
    }

    private func name(_ event: inotify_event, _ bytes: Slice<UnsafeRawBufferPointer>) -> String? {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return nil }
        if event.mask & UInt32(IN_IGNORED) != 0 { return watched.removeValue(forKey: event.wd) }
        return bytes.isEmpty ? watched[event.wd] : String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// Word that somebody ran a tool that sets WireGuard's peers, of which no kernel tells anybody: whoever runs a program has its file open
/// until it ends.
///
/// What has no file here goes unheard: a program of another container, a library that speaks netlink.
final class ToolNews {
    private let news = FileNews()
    var descriptor: Int32 { news.descriptor }

    init() { listen() }

    /// Whether one has ended since. One that was installed anew is another file.
    func read() -> Bool {
        let hasEnded = !news.read().isEmpty
        if hasEnded { listen() }
        return hasEnded
    }

    private func listen() {
        for directory in ["/usr/bin", "/usr/local/bin"] {
            for tool in ["wg", "awg"] { news.add("\(directory)/\(tool)", UInt32(IN_CLOSE_NOWRITE)) }
        }
    }
}
