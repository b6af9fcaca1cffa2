import BoxModel
import Firewall
import NetTypes
import SiteModel

/// Access rules as elements of a set whose ranges do not overlap, since the kernel refuses those that do.
///
/// Rules of a policy say "this or that"; what several of them name is given to the widest. Networks nest or are disjoint, so
/// it is enough to cut, network by network from the widest on, rectangles of protocols and ports.
struct AccessBoxes {
    /// Protocols 0…255 and ports of one destination network.
    struct Box: Hashable {
        var destination: IPPrefix
        var transports: ClosedRange<UInt16>
        var ports: ClosedRange<UInt16>

        init(_ rule: AccessRule) {
            destination = rule.destination
            transports =
                switch rule.transport {
                case nil: 0...255
                case .tcp: 6...6
                case .udp: 17...17
                case .icmp: rule.destination.isV6 ? 58...58 : 1...1
                }
            ports = rule.ports ?? 0...65535
        }

        /// Whether they share protocols and ports.
        func meets(_ other: Box) -> Bool { transports.overlaps(other.transports) && ports.overlaps(other.ports) }

        /// What is left of this box without what `other` covers of it; at most four boxes.
        func subtracting(_ other: Box) -> [Box] {
            guard other.destination.contains(destination), meets(other) else { return [self] }
            var rest: [Box] = []
            func keep(_ transports: ClosedRange<UInt16>, _ ports: ClosedRange<UInt16>) {
                var box = self
                box.transports = transports
                box.ports = ports
                rest.append(box)
            }
            let middle = transports.clamped(to: other.transports)
            if transports.lowerBound < middle.lowerBound { keep(transports.lowerBound...middle.lowerBound - 1, ports) }
            if ports.lowerBound < other.ports.lowerBound { keep(middle, ports.lowerBound...other.ports.lowerBound - 1) }
            if ports.upperBound > other.ports.upperBound { keep(middle, other.ports.upperBound + 1...ports.upperBound) }
            if transports.upperBound > middle.upperBound { keep(middle.upperBound + 1...transports.upperBound, ports) }
            return rest
        }
    }

    /// Disjoint, and together what the rules allow.
    private(set) var boxes: [Box] = []
    /// Which boxes have a destination.
    private var places: [IPPrefix: [Int]] = [:]
    /// Of destinations, rising.
    private var lengths: [Int] = []

    init(_ policy: Policy) {
        let widestFirst = policy.allow.map(Box.init).sorted { a, b in
            func size(_ box: Box) -> (Int, Int, Int) {
                (box.destination.length, -box.transports.count, -box.ports.count)
            }
            return size(a) < size(b)
        }
        for box in widestFirst {
            let rest = uncovered(of: box)
            if lengths.last != box.destination.length { lengths.append(box.destination.length) }
            places[box.destination, default: []] += boxes.count..<boxes.count + rest.count
            boxes += rest
        }
    }

    /// Whether these allow all that the others do. A network that only several smaller ones fill together counts as not allowed.
    func cover(_ others: AccessBoxes) -> Bool { others.boxes.allSatisfy { uncovered(of: $0).isEmpty } }

    /// What is left of a box without these. Only networks that hold its own cut it: looked up by each length that there is, the
    /// wider first.
    private func uncovered(of box: Box) -> [Box] {
        let own = box.destination
        var rest = [box]
        for length in lengths where length <= own.length {
            for place in places[IPPrefix(masking: own.address, length: length)] ?? []
            where rest.contains(where: { $0.meets(boxes[place]) }) {
                rest = rest.flatMap { $0.subtracting(boxes[place]) }
            }
        }
        return rest
    }

    /// Elements `destination . protocol . port` of one family.
    func elements(_ family: Family) -> [SetElement] {
        fields(family).map { SetElement($0) }
    }

    /// Elements `source . destination . protocol . port` of one family.
    func elements(from sources: [IPPrefix], _ family: Family) -> [SetElement] {
        sources.filter { Family($0.address) == family }
            .flatMap { source in fields(family).map { SetElement([.network(source)] + $0) } }
    }

    /// How many elements those are.
    func count(from sources: [IPPrefix], _ family: Family) -> Int {
        sources.count { Family($0.address) == family } * boxes.count { Family($0.destination.address) == family }
    }

    private func fields(_ family: Family) -> [[SetElement.Field]] {
        boxes.filter { Family($0.destination.address) == family }
            .map { [.network($0.destination), .numbers($0.transports), .numbers($0.ports)] }
    }
}
