extension Tunnel {
    /// All UDP ports that it is dialled at, WireGuard's own first.
    public var ports: [UInt16] {
        get { [listenPort] + otherPorts }
        set { (listenPort, otherPorts) = (newValue.first ?? 51820, newValue.dropFirst().sorted()) }
    }

    /// All ways to look that are not WireGuard's, by name: the usual one first, the others sorted. On the interface they have their
    /// places in this list for numbers, from 1.
    public var disguises: [(name: String, disguise: Disguise)] {
        (disguise.map { [(DisguiseChoice.awg.name, $0)] } ?? [])
            + moreDisguises.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The way to look of this name; nil for none, and for plain WireGuard.
    public subscript(disguise choice: DisguiseChoice) -> Disguise? {
        get { choice == .awg ? disguise : moreDisguises[choice.name] }
        set { if choice == .awg { disguise = newValue } else { moreDisguises[choice.name] = newValue } }
    }
}
