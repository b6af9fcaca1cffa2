public import NetTypes

/// What a cut does to a connection.
public enum ConnectionFate: Sendable {
    case goesOn
    /// It ends, and its next packet opens it anew: one that was not answered yet loses nothing by that. But the server's first
    /// answer would pass unasked, and what looks like a client may be a server that sends again what it said in a connection
    /// that is no more.
    case opensAgain
    /// It ends, and nothing of it may come back.
    case barred
}

/// A cut made ready for a box: tells of connection after connection whether it ends.
public struct ConnectionSelector {
    private let released: IPPrefixSet
    private let judged: IPPrefixSet
    private let judge: ConnectionJudge?
    private let ports: Set<UInt16>
    private let local: Set<IPAddress>

    /// `local` are the box's own addresses, `networks` those that it is in: such a one, inside a network behind a peer, is none
    /// of the peer's.
    public init(_ cut: ConnectionCut, local: Set<IPAddress>, networks: [IPPrefix]) {
        func peers(_ prefixes: some Sequence<IPPrefix>) -> IPPrefixSet {
            IPPrefixSet(
                prefixes.lazy.flatMap { prefix in
                    prefix.subtracting(networks.filter { $0 != prefix && prefix.contains($0) })
                })
        }
        ports = Set(cut.ports)
        self.local = local
        released = peers(cut.released.flatMap(\.networks))
        let tunnelled = peers(cut.rules?.peers.flatMap(\.allowedIPs) ?? [])
        judge = cut.rules.map { ConnectionJudge($0, tunnelled: tunnelled, local: local) }
        switch cut.judged {
        case .nothing: judged = IPPrefixSet([])
        case .peers(let holders): judged = peers(holders.flatMap(\.networks))
        case .everything: judged = tunnelled
        }
    }

    /// Whether the connection, or the one that it is related to, is one that the cut is about.
    public func concerns(_ connection: Connection, relatedTo main: Connection? = nil) -> Bool {
        isReleased(connection, main) || isJudged(connection, main) || isMisled(connection)
    }

    /// What becomes of the connection. One that was opened as related to another one, as FTP's data are, is allowed if that one
    /// is.
    public func fate(of connection: Connection, relatedTo main: Connection? = nil) -> ConnectionFate {
        if isReleased(connection, main) { return .barred }
        if isMisled(connection) { return .opensAgain }
        guard let judge, isJudged(connection, main) else { return .goesOn }
        if !judge.allows(main ?? connection) { return .barred }
        return connection.isAnswered ? .goesOn : .opensAgain
    }

    /// Whether the connection ends.
    public func ends(_ connection: Connection, relatedTo main: Connection? = nil) -> Bool {
        fate(of: connection, relatedTo: main) != .goesOn
    }

    private func isReleased(_ connection: Connection, _ main: Connection?) -> Bool {
        connection.isAt(released) || main?.isAt(released) == true
    }

    /// Whether it is UDP to a port of the box's that is another one's now.
    private func isMisled(_ connection: Connection) -> Bool {
        connection.transport == 17 && ports.contains(connection.port) && local.contains(connection.server)
    }

    private func isJudged(_ connection: Connection, _ main: Connection?) -> Bool {
        connection.isAt(judged) || main?.isAt(judged) == true
    }
}

extension Connection {
    /// Whether one of its ends has one of these addresses.
    fileprivate func isAt(_ addresses: IPPrefixSet) -> Bool { addresses.contains(client) || addresses.contains(server) }
}
