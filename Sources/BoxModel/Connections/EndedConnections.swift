package import Firewall
import NetTypes

/// What keeps a UDP connection from coming back that was ended: its server's next datagram would open one of the server's own with
/// the peer, which may well be allowed, and what the peer says then is an answer, which passes unasked. TCP begins with SYN, and
/// needs none of this.
extension FirewallSet {
    /// After so many seconds a datagram is no late answer any more: whoever is not answered for that long has given up, and
    /// whoever has not speaks of his own accord, as he may.
    private static let memory: UInt32 = 600

    /// `ended4`, `ended6`: server, its port, client, its port.
    package static func ended(_ family: Family) -> FirewallSet {
        FirewallSet(
            "ended" + family.digit, [family.keyType, .port, family.keyType, .port], timeout: memory)
    }
}

extension SetUpdate {
    /// What bars the answers of connections; empty where none needs it.
    public static func barringAnswers(of connections: some Sequence<Connection>) -> [SetUpdate] {
        let udp = Set(connections.lazy.filter { $0.transport == 17 })
        return Family.allCases.compactMap { family in
            let elements = udp.lazy.filter { Family($0.client) == family }.map { connection in
                SetElement([
                    .network(IPPrefix(host: connection.server)), .numbers(connection.port...connection.port),
                    .network(IPPrefix(host: connection.client)),
                    .numbers(connection.clientPort...connection.clientPort),
                ])
            }
            // Two zones may have the same one.
            return elements.isEmpty ? nil : SetUpdate(set: .ended(family), add: Set(elements).sorted())
        }
    }
}
