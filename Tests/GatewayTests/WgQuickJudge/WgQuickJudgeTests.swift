import BoxModel
import Compiler
import NetTypes
import Repeats
import SiteModel
import Storage
import Testing

@testable import Gateway

/// What wggw makes of files, against what wg-quick and wg make of them. The number of a file is its seed.
@Suite(.enabled(if: WgJudge.missing == nil, "\(WgJudge.missing ?? "")")) struct WgQuickJudgeTests {
    private let services = ["https": 443, "domain": 53] as [String: UInt16]

    @Test func takesWhatTheyTakeForTheSame() throws {
        let seeds = Array(repeats(2_000))
        let files = seeds.map { RandomWgQuickFile(seed: UInt64($0)) }
        let verdicts = try WgJudge.verdicts(files.map(\.bytes))
        var (taken, sites) = (0, 0)
        for (seed, (file, verdict)) in zip(seeds, zip(files, verdicts)) {
            let text = FileText(decoding: file.bytes)
            let about: Comment = "seed \(seed)\n\(text.text)"
            do throws(ProfileErrors) {
                let config = try WgQuickConfig.parse(text, file: "f") { services[$0] }
                guard case .taken(let meaning) = verdict else {
                    Issue.record("wggw takes what wg refuses; \(about)")
                    continue
                }
                #expect(file.badLines.isEmpty && file.strangeLines.isEmpty, about)
                taken += 1
                expectSame(config, meaning, about)
                if try becomesTheSame(config, meaning, about) { sites += 1 }
            } catch {
                let lines = Set(error.errors.map(\.line))
                #expect(lines == file.badLines.union(file.strangeLines), "\(error)\n\(about)")
                #expect(error.errors.allSatisfy { $0.column >= 1 })
            }
        }
        // Both kinds, or there was nothing to compare.
        #expect(taken > seeds.count / 3 && taken < seeds.count * 9 / 10, "\(taken) were taken")
        #expect(sites > seeds.count / 20, "\(sites) became sites")
        print("➜ \(seeds.count) wg-quick files: wg and wggw take \(taken), of which \(sites) make sites")
    }

    private func expectSame(_ config: WgQuickConfig, _ meaning: WgJudge.Meaning, _ about: Comment) {
        let own = config.interface
        #expect(own.addresses.map { Optional($0) } == meaning.addresses.map { InterfaceAddress($0) }, about)
        #expect(own.dns.count + own.searchDomains.count == meaning.dns.count, about)
        #expect((own.mtu.map { "\($0)" } ?? "") == meaning.mtu.replacing("0x5dc", with: "1500"), about)
        #expect(own.privateKey?.exposedBase64 == meaning.privateKey, about)
        #expect(own.listenPort == nil || meaning.listenPort == "\(own.listenPort!)", about)
        #expect((own.fwmark == 0 ? "" : "0x" + String(own.fwmark, radix: 16)) == meaning.mark, about)
        #expect(Set(config.peers.map(\.publicKey.description)) == Set(meaning.peers.keys), about)
        for peer in config.peers {
            guard let theirs = meaning.peers[peer.publicKey.description] else { continue }
            #expect(peer.presharedKey?.exposedBase64 == theirs.presharedKey, about)
            #expect(Set(peer.allowedIPs.map(\.description)) == theirs.allowedIPs, about)
            #expect("\(peer.keepalive ?? 0)" == theirs.keepalive, about)
            expectSame(peer.endpoint, theirs.endpoint, about)
        }
    }

    private func expectSame(_ endpoint: Endpoint?, _ shown: String?, _ about: Comment) {
        guard let endpoint else {
            // A neighbour's is passed over.
            #expect(shown?.hasPrefix("[fe80::") != false, about)
            return
        }
        let host: Endpoint.Host =
            if case .name = endpoint.host { .address(IPAddress(WgJudge.address)!) } else { endpoint.host }
        #expect("\(Endpoint(host, port: endpoint.port))" == shown, about)
    }

    /// Whether the file makes a site; then what is set of it is what wg has, but for what notes say was not taken over.
    private func becomesTheSame(_ config: WgQuickConfig, _ meaning: WgJudge.Meaning, _ about: Comment)
        throws(ProfileErrors) -> Bool
    {
        let lan = LAN(interface: "eth0", subnets: [IPPrefix("192.168.1.0/24")!])
        let made: WgQuickImport
        do {
            made = try config.gatewaySite(interface: "wg0", lan: lan) { PublicKey(of: $0) }
        } catch {
            // What wg takes and no gateway can do; each with its place.
            #expect(error.errors.allSatisfy { $0.line >= 1 && $0.column >= 1 })
            return false
        }
        var site = made.site
        site.tunnel.mtu = 1420
        site.egress.interface = "eth0"
        site.otherForwarding = .drop
        var secrets = Secrets()
        let key = made.privateKey ?? PrivateKey { $0.copyBytes(from: [UInt8](repeating: 8, count: 32)) }
        site.tunnel.publicKey = PublicKey(of: key)
        secrets.privateKeys[site.tunnel.publicKey!] = key
        for i in site.peers.indices {
            guard let key = made.presharedKeys[site.peers[i].name] else { continue }
            let id = SecretID(rawValue: UInt64(i))
            secrets.presharedKeys[id] = key
            site.peers[i].presharedKey = .sealed(id)
        }
        do {
            let wireGuard = try compile(site, secrets: secrets, surroundings: Surroundings()).wireGuard
            #expect(wireGuard.peers.count == meaning.peers.count, about)
            for peer in wireGuard.peers {
                let theirs = meaning.peers[peer.publicKey.description]
                #expect(peer.presharedKey?.exposedBase64 == theirs?.presharedKey, about)
                let all = (theirs?.allowedIPs ?? []).compactMap { IPPrefix($0) }.filter { !isOfOneLink($0) }
                #expect(peer.allowedIPs.disjoint() == all.disjoint(), about)
                expectSame(peer.endpoint, theirs?.endpoint, about)
            }
        } catch { Issue.record("\(error) \(about)") }
        return true
    }

    private func isOfOneLink(_ network: IPPrefix) -> Bool {
        ["fe80::/10", "ff00::/8", "224.0.0.0/4"].contains { IPPrefix($0)!.contains(network) }
    }
}
