public import Glibc

/// `amy`, or `uid 1001` where nobody is called by that number. Any thread.
public func userName(_ user: uid_t) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { room in
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(user, &entry, room.baseAddress!, room.count, &found) == 0, found != nil else {
            return "uid \(user)"
        }
        return String(cString: entry.pw_name)
    }
}
