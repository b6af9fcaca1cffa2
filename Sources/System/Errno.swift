public import Glibc

/// The text of `errno`, as strerror(3) has it.
public func errnoText(_ code: Int32 = errno) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
