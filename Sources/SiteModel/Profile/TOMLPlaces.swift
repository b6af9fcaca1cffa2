import NetTypes

/// Finds where in a TOML document a part of the site came from.
struct TOMLPlaces {
    private let root: TOMLTableNode
    /// Of lists in which something was looked for: each is put in order once.
    private var known: [[String]: [Int]] = [:]

    init(_ root: TOMLTableNode) { self.root = root }

    /// The byte offset of the value at `path`, of the key if it is a table; of what is nearest if it is not there.
    mutating func offset(of path: SitePath) -> Int {
        var table = root
        var offset = 0
        for (depth, key) in path.keys.enumerated() {
            guard let node = table.entries[key] else { return offset }
            switch node.value {
            case .table(let child):
                table = child
                offset = node.keyOffset
            case .array(let list):
                guard depth == path.keys.count - 1, let index = path.index else { return node.offset }
                let offsets = known[path.keys] ?? offsets(of: list.elements, at: path.keys)
                known[path.keys] = offsets
                return index < offsets.count ? offsets[index] : node.offset
            default: return node.offset
            }
        }
        return offset
    }

    /// Where the elements of a list stand, in the order that the site has them in: sorted, without those that cannot be read.
    private func offsets(of elements: [TOMLNode], at keys: [String]) -> [Int] {
        switch (keys.first, keys.last) {
        case ("check", _): elements.map(\.offset)
        case (_, "listen-ports"): ports(elements)
        case ("site", _): sorted(elements) { $0 }
        case ("dns", _): sorted(elements) { IPAddress($0) == nil ? nil : 0 }
        case (_, "allow"): sorted(elements) { AccessRule($0) }
        case ("peers", "addresses"): sorted(elements) { try? Peer.address(parsing: $0) }
        case (_, "addresses"): sorted(elements) { InterfaceAddress($0) }
        default: sorted(elements) { IPPrefix($0) }
        }
    }

    /// The first is WireGuard's own.
    private func ports(_ elements: [TOMLNode]) -> [Int] {
        func number(_ element: TOMLNode) -> Int64 { if case .integer(let value) = element.value { value } else { 0 } }
        let others = elements.dropFirst().sorted { (number($0), $0.offset) < (number($1), $1.offset) }
        return (elements.prefix(1) + others).map(\.offset)
    }

    private func sorted<T: Comparable>(_ elements: [TOMLNode], _ read: (String) -> T?) -> [Int] {
        let readable = elements.compactMap { element -> (value: T, offset: Int)? in
            guard case .string(let text) = element.value, let value = read(text) else { return nil }
            return (value, element.offset)
        }
        return readable.sorted { ($0.value, $0.offset) < ($1.value, $1.offset) }.map(\.offset)
    }
}
