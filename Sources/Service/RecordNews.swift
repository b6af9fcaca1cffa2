internal import Glibc

/// Word that somebody wrote into the records, by inotify(7): of an apply for which nothing on the box had to change no kernel tells
/// otherwise.
final class RecordNews {
    /// Readable when there may be something; -1 where nobody tells.
    let descriptor: Int32

    /// Listens from now on. `directory`: the state directory.
    init(of directory: String) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if descriptor >= 0 { _ = inotify_add_watch(descriptor, directory, UInt32(IN_MODIFY)) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether the database was written to; also where some of the news are lost.
    func read() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            var isNew = false
            while descriptor >= 0 {
                let count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                while rest.count >= MemoryLayout<inotify_event>.size {
                    let event = rest.loadUnaligned(as: inotify_event.self)
                    let end = MemoryLayout<inotify_event>.size + Int(event.len)
                    let name = String(
                        decoding: rest[MemoryLayout<inotify_event>.size..<end].prefix { $0 != 0 }, as: UTF8.self)
                    // What readers share changes with each of them.
                    isNew =
                        isNew || event.mask & UInt32(IN_Q_OVERFLOW) != 0
                        || name.hasPrefix("wggw.db") && !name.hasSuffix("-shm")
                    rest = UnsafeRawBufferPointer(rebasing: rest[end...])
                }
            }
            return isNew
        }
    }
}
