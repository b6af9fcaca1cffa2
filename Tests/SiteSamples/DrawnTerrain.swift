package import BoxModel
package import Firewall
package import NetTypes

/// A box that is drawn by hand: the twin of the kernel where packets' ways are asked for. Routes are looked up by the longest
/// prefix, in one table.
package struct DrawnTerrain: Terrain {
    package var drawn: [TerrainLink] = []
    package var routes: [(destination: IPPrefix, answer: RouteAnswer)] = []
    package var neighbours: [IPAddress: NeighbourState] = [:]
    package var settings: [String: Int] = [:]
    package var tables: [FirewallTable] = []
    package var sets: [SetName: SetContents] = [:]
    package var served: [IPAddress: Set<UInt16>] = [:]

    package init() {}

    package func links() -> [TerrainLink] { drawn }

    package func route(_ question: RouteQuestion) -> RouteAnswer {
        if drawn.contains(where: { $0.addresses.contains { $0.address == question.destination } }) { return .local }
        return routes.filter { $0.destination.contains(question.destination) }
            .max { $0.destination.length < $1.destination.length }?.answer ?? .none
    }

    package func neighbour(_ address: IPAddress, on interface: String) -> NeighbourState? { neighbours[address] }
    package func setting(_ key: String) -> Int? { settings[key] }
    package func foreignTables() -> [FirewallTable] { tables }
    package func contents(of set: SetName) -> SetContents { sets[set] ?? SetContents(fieldLengths: [0], []) }

    package func isServed(_ address: IPAddress, _ transport: UInt8, port: UInt16) -> Bool? {
        served[address].map { $0.contains(port) }
    }
}

/// Hosts that answer as they are told to.
package struct DrawnProber: Prober {
    /// By whom is asked, as whom.
    package var answers: [Probe: ProbeAnswer] = [:]

    package init() {}

    package func probe(_ probe: Probe) -> ProbeAnswer { answers[probe] ?? .silent }
}
