/// Whether a new network interface can have this name: what the kernel's `dev_valid_name` takes, in ASCII, and less `%`, which would
/// make it choose a number.
public func isInterfaceName(_ name: String) -> Bool {
    (1...15).contains(name.utf8.count) && name != "." && name != ".."
        && name.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"/:%".utf8.contains($0) }
}
