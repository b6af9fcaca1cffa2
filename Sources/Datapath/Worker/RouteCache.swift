// Whose an inner address is, with the last answer kept.

import WireGuardProtocol

/// The last lookup of each family. A flow asks for the same address over and over.
struct RouteCache {
    private var generation: UInt32 = 0
    private var v4: UInt32 = 0
    private var v4Peer = PeerIndex.none
    private var v6: UInt128 = 0
    private var v6Peer = PeerIndex.none

    /// The peer whose allowed IPs hold the address at `offset` of the packet: its destination or its source.
    @inline(__always)
    mutating func peer(_ packet: UnsafeRawPointer, _ field: AddressField, _ table: AllowedIPsReader) -> PeerIndex {
        let current = table.generation
        if current != generation {
            v4Peer = .none
            v6Peer = .none
            generation = current
        }
        if packet.u8(0) >> 4 == 4 {
            let address = packet.net32(field == .source ? 12 : 16)
            if v4Peer == .none || address != v4 {
                v4Peer = table.lookup(v4: address)
                v4 = address
            }
            return v4Peer
        }
        let address = packet.net128(field == .source ? 8 : 24)
        if v6Peer == .none || address != v6 {
            v6Peer = table.lookup(v6: address)
            v6 = address
        }
        return v6Peer
    }

    /// Which of a packet's addresses.
    enum AddressField {
        case source
        case destination
    }
}
