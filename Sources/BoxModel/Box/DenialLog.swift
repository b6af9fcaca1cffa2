package import Firewall

/// To whom chain `denied` of table `inet wggw` tells what it drops: a group of nfnetlink_log each, which has one listener at most.
///
/// The rules are always there: without a listener the kernel does no more than count them against the rate.
public enum DenialLog: UInt16, CaseIterable, Sendable {
    /// The service, which keeps what it hears where the site says so.
    case service = 30567
    /// Whoever looks: `wggw log --denied`.
    case command = 30568

    /// Bytes of each packet: addresses and ports of both families, behind some extension headers.
    public static let bytes: UInt32 = 128

    /// Packets a second, and at once, that are told: a flood must not keep the gateway busy with telling of it.
    private static let rate: (perSecond: UInt64, burst: UInt32) = (50, 100)

    /// `limit rate 50/second burst 100 packets log group 30567 snaplen 128`
    package var rule: FirewallRule {
        FirewallRule(
            .limit(perSecond: Self.rate.perSecond, burst: Self.rate.burst), .log(group: rawValue, bytes: Self.bytes))
    }
}

extension FirewallChain {
    /// What drops all that comes there, and tells of it.
    package static let denied = FirewallChain("denied", rules: DenialLog.allCases.map(\.rule) + [FirewallRule(.drop)])
    /// The same where the kernel cannot log packets.
    static let mutelyDenied = FirewallChain("denied", rules: [FirewallRule(.drop)])
}

extension Clause {
    /// `goto denied`
    package static let denied = Clause.goto(FirewallChain.denied.name)
}

/// A kernel need not be able to log packets: then nobody is told, and all else is as it should be.
extension FirewallTable {
    /// Whether it tells what it drops.
    package var logs: Bool { chains.contains(.denied) }
    /// Whether it would, if the kernel could.
    package var isMute: Bool { chains.contains(.mutelyDenied) }
    /// The same without the rules that tell.
    package var withoutLog: FirewallTable { replacing(.denied, by: .mutelyDenied) }
    /// The same with them.
    package var withLog: FirewallTable { replacing(.mutelyDenied, by: .denied) }

    private func replacing(_ chain: FirewallChain, by other: FirewallChain) -> FirewallTable {
        FirewallTable(family, name, sets: sets, chains: chains.map { $0 == chain ? other : $0 })
    }
}
