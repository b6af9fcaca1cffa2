public import BoxModel
internal import Glibc
internal import NetTypes
public import SiteModel
internal import Storage

extension ControlPlane {
    /// Takes a gateway's wg-quick file in place of the newest site, its keys as well. What such a file does not tell, the
    /// LAN and the way out, is taken from the newest site or found out.
    ///
    /// `stem` is the file's name without directory and `.conf`, after which wg-quick calls the tunnel's interface; nil where it has
    /// none. Of `clients`, files of the other side, the notices say what keeps them from making a tunnel with this one.
    public func takeWgQuick(
        _ text: FileText, file: String, stem: String?, lan: LAN?, clients: [(file: String, text: FileText)] = [],
        why: String
    ) throws -> Draft {
        let config = try WgQuickConfig.parse(text, file: file, services: udpPort)
        let others = try clients.map { try WgQuickConfig.parse($0.text, file: $0.file, services: udpPort) }
        let slips = Lint(between: others.isEmpty ? [] : [config] + others) { PublicKey(of: $0) }.findings
        return try take(Installation(config, interface: stem), lan: lan, notices: slips.map { .finding($0) }, why: why)
    }

    /// Takes somebody's whole installation in place of the newest site, with the keys that its peers' files hold. What it does not
    /// tell is found as for a single file.
    public func take(
        _ installation: Installation, lan: LAN?, notices: [DraftNotice] = [], why: String
    ) throws(GatewayError) -> Draft {
        try locked {
            let previous = try revisions.newest()
            var taken = try TakenInstallation(
                installation, lan: lan, previous: previous?.site, facts: try box.facts(), now: clock.now())
            var keys = SiteKeys(revisions: revisions, random: random)
            if let key = taken.made.privateKey { _ = keys.seal(key) }
            for key in taken.made.clientKeys { _ = keys.seal(key) }
            try taken.namePresharedKeys { try keys.seal($0) }
            return try record(
                taken.made.site, after: previous, keys: keys, kind: .imported, why: why,
                notices: taken.notices + notices)
        }
    }
}

/// What taking the installation would come to, with nothing sealed and nothing written: the profile, and notices. A preshared key's
/// name is made with the key that seals it, so `sealed:0000000000000000` stands for each. `previous` is the newest site, if there is one.
public func previewOfTaking(
    _ installation: Installation, lan: LAN?, previous: Site?, box: any Box, clock: Clock = .system
) throws(GatewayError) -> (profile: String, notices: [Notice]) {
    try wrapping {
        let facts = try box.facts()
        var taken = try TakenInstallation(installation, lan: lan, previous: previous, facts: facts, now: clock.now())
        taken.namePresharedKeys { _ in .sealed(SecretID(rawValue: 0)) }
        var choices = SiteChoices(facts)
        try choices.complete(&taken.made.site, after: previous)
        let problems = taken.made.site.problems()
        guard problems.isEmpty else { throw GatewayError.invalid(problems) }
        return (taken.made.site.profileText(), (taken.notices + choices.notices).map { .drafting($0) })
    }
}

/// An installation as a site on this box, before its keys are sealed.
private struct TakenInstallation {
    var made: WgQuickImport
    private(set) var notices: [DraftNotice]

    /// `now` in seconds since 1970.
    init(_ installation: Installation, lan: LAN?, previous: Site?, facts: BoxFacts, now: Int64) throws {
        var choices = SiteChoices(facts)
        try choices.expectPresent(lan?.interface, .lanInterface)
        let names = WgQuickNames(
            stem: installation.interface, previous: previous, interfaces: facts.interfaces.map(\.name))
        let known = try lan ?? previous?.lan ?? LAN(subnets: try choices.lanSubnets(tunnel: names.interface))
        made = try installation.site(
            interface: names.interface, lan: known, uplink: facts.ways.first(where: \.leadsOut)?.interface,
            now: UTCTime(now).description
        ) { PublicKey(of: $0) }
        made.site.name = names.site
        if let previous {
            made.site.endpoint = made.site.endpoint ?? previous.endpoint
            made.site.otherForwarding = previous.otherForwarding
            if !made.tellsEgress { made.site.egress = previous.egress }
            if made.site.dns.isEmpty { made.site.dns = previous.dns }
            made.site.groups = previous.groups
        }
        // Where the box goes out by it anyway, the name says nothing: it is found, and followed when it moves.
        let out = Set(facts.ways.filter(\.leadsOut).map(\.interface))
        if let named = made.site.egress.interface, out == [named], previous?.egress.interface != named {
            made.site.egress.interface = nil
        }
        choices.noticeRoles(made.site)
        notices = names.notices + choices.notices + made.notes.map { .file($0) }
    }

    /// Puts what `seal` returns into the site for each preshared key.
    mutating func namePresharedKeys(_ seal: (PresharedKey) throws -> PresharedKeyChoice) rethrows {
        if let key = made.headerProtectionKey {
            made.site.tunnel.disguise?.headerProtectionKey = try seal(PresharedKey(bytesOf: key))
        }
        for i in made.site.peers.indices {
            guard let key = made.presharedKeys[made.site.peers[i].name] else { continue }
            made.site.peers[i].presharedKey = try seal(key)
        }
    }
}

/// What the tunnel's interface and the site are called after a file.
struct WgQuickNames {
    private(set) var interface: String
    private(set) var site: String
    private(set) var notices: [DraftNotice] = []

    /// A name that no interface can have makes a name for the site, and the interface keeps the one that it had, or gets one that
    /// is free on this box.
    init(stem: String?, previous: Site?, interfaces: [String]) {
        site = previous?.name ?? "home"
        guard let stem else {
            interface = "wg0"
            return
        }
        interface = stem
        if isInterfaceName(stem) { return }
        interface =
            previous?.tunnel.interface ?? (0...).lazy.map { "wg\($0)" }.first { !interfaces.contains($0) } ?? "wg0"
        if previous == nil, let label = hostLabel(nearest: stem) { site = label }
        notices = [.renamed(interface: interface, site: site)]
    }
}

/// The UDP port of a service on this box (services(5)); nil for one that it does not know.
@Sendable func udpPort(_ service: String) -> UInt16? {
    guard let entry = getservbyname(service, "udp") else { return nil }
    return UInt16(truncatingIfNeeded: entry.pointee.s_port).byteSwapped
}
