internal import CLinux

/// How many characters are in a line of the terminal that is open as this; nil where it is none, or does not say.
public func terminalColumns(_ descriptor: Int32) -> Int? {
    let columns = terminal_columns(descriptor)
    return columns > 0 ? Int(columns) : nil
}
