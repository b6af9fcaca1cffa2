// What other programs keep of a whole gateway.

import NetTypes

@testable import SiteModel

/// An input is some files, with 0x1c between them. A file's first line is its path; one that holds a # is a table of a database, `p.db#name`,
/// in which the next line has the columns and every other one a row, with tabs between.
///
/// A site that is made of them has no problems. Nobody in it has an address or a key that the gateway's side does not have, who was not
/// let in is not in it, and no message repeats what may be a key.
enum InstallationTarget {
    static func run(_ input: Input) -> Int32 {
        var input = input
        let files = files(of: Array(input.remainder()))
        let installation: Installation
        do throws(InstallationError) { installation = try Installation(in: files) } catch {
            expect(!error.description.isEmpty, "an error that says nothing")
            guard case .faults(let errors) = error else { return 0 }
            for fault in errors.errors { expect(fault.line > 0 && fault.column > 0, "a fault without a place") }
            return 0
        }
        let lan = LAN(interface: "eth0", subnets: [IPPrefix("192.168.1.0/24")!])
        do throws(ProfileErrors) {
            let now = "2026-11-26T12:00:00Z"
            let made = try installation.site(
                interface: "wg0", lan: lan, uplink: "eth0", now: now, publicKey: files.publicKey)
            judge(made, installation, now)
        } catch { expect(!error.description.isEmpty, "an error that says nothing") }
        return 0
    }

    private static func judge(_ made: WgQuickImport, _ installation: Installation, _ now: String) {
        expect(made.site.problems().isEmpty, "a site with problems: \(made.site.problems())")
        let present = installation.peers.filter { $0.isLetIn(at: now) }.map(\.wireguard)
        let said = Set(present.flatMap(\.allowedIPs))
        let keys = Set(present.map(\.publicKey))
        for peer in made.site.peers {
            expect(peer.addresses.allSatisfy { said.contains(IPPrefix(host: $0)) }, "an address out of nowhere")
            expect(peer.routes.allSatisfy { said.contains($0) }, "a network out of nowhere")
            expect(peer.addresses.isEmpty == peer.isUnnumbered, "\(peer.name) would get an address")
            expect(peer.publicKey.map(keys.contains) ?? false, "\(peer.name) was not let in")
            expect(!peer.name.mayHoldKey, "a key for a name")
        }
        for note in made.notes where note.message.replacing(/--public-key [^ ]{44}/, with: "").mayHoldKey {
            // A public key is no secret, and is what tells the peers of two files apart.
            let rest = (keys.union(installation.peers.map(\.wireguard.publicKey))).reduce(note.message) {
                $0.replacing("\($1)", with: "")
            }
            expect(
                !rest.mayHoldKey || note.message.contains("has its key") || note.message.contains("PublicKey"),
                "a key in a note: \(note)")
        }
    }

    private static func files(of bytes: [UInt8]) -> ForeignFiles {
        var texts: [ForeignFiles.File] = []
        var tables: [String: [ForeignTable]] = [:]
        for part in bytes.split(separator: 0x1c).prefix(16) {
            let lines = part.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
            let path = String(decoding: lines[0], as: UTF8.self)
            let content = lines.count > 1 ? Array(lines[1]) : []
            guard let sign = path.firstIndex(of: "#") else {
                texts.append(ForeignFiles.File(path: path, text: FileText(decoding: content)))
                continue
            }
            let rows = content.split(separator: 10).map { row in
                row.split(separator: 9, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
            }
            guard let columns = rows.first else { continue }
            let cells = rows.dropFirst().map { row in columns.indices.map { $0 < row.count ? row[$0] : nil } }
            tables[String(path[..<sign]), default: []].append(
                ForeignTable(name: String(path[path.index(after: sign)...]), columns: columns, rows: cells))
        }
        let databases = tables.sorted { $0.key < $1.key }.map { ForeignFiles.Database(path: $0.key, tables: $0.value) }
        return ForeignFiles(
            texts, databases: databases, services: { $0 == "https" ? 443 : nil },
            elsewhere: { $0.hasSuffix("key") ? "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=" : nil }
        ) { key in key.withBytes { PublicKey(loading: $0) } }
    }
}
