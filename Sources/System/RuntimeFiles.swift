internal import CLinux
internal import Glibc

/// Where wggw keeps what it knows until the next boot.
public let runtimeDirectory = "/run/wggw"

/// Makes the directory, 0700, if it is not there. False with `errno` set if it cannot be made.
public func makeRuntimeDirectory(_ path: String = runtimeDirectory) -> Bool {
    mkdir(path, 0o700) == 0 || errno == EEXIST
}

/// Opens a file of such a directory by its path, makes it, 0600, if it is not there, and the directory too. It is the directory's
/// owner's, also where root makes it. Negative with `errno` set if that cannot be done.
public func openRuntimeFile(_ path: String, _ flags: Int32) -> Int32 {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let (directory, name) = (String(path[..<slash]), String(path[slash...].dropFirst()))
    guard makeRuntimeDirectory(directory) else { return -1 }
    let place = file_look(AT_FDCWD, directory)
    guard place >= 0 else { return -1 }
    defer { close(place) }
    let file = openat(place, name, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0, file_inherit_owner(place, file, "") != 0 else { return file }
    let code = errno
    close(file)
    errno = code
    return -1
}

/// Whether this process is meant to change the network: root, be it without CAP_NET_ADMIN, or who was given that, as the service's user is.
public var isAdministrator: Bool { geteuid() == 0 || process_administers_network() != 0 }
