import NetTypes
import Testing

@testable import SiteModel

/// Files of somebody's installation, made for one test, and what comes of them. Here a key pair is one text: a public key is made of
/// a private one by doing nothing.
struct ForeignSample {
    var files: [(path: String, text: String)]
    var databases: [ForeignFiles.Database] = []
    /// Files that others name.
    var elsewhere: [String: String] = [:]
    var kind: Installation.Kind?
    var interface: String?
    var lan = LAN(interface: "eth0", subnets: [IPPrefix("192.168.1.0/24")!])
    /// What the clock says.
    var now = "2026-11-26T12:00:00Z"

    init(_ files: [(String, String)] = [], from kind: Installation.Kind? = nil, interface: String? = nil) {
        self.files = files.map { (path: $0.0, text: $0.1) }
        self.kind = kind
        self.interface = interface
    }

    /// The key of that number, as `wg genkey` would print it.
    static func key(_ number: UInt8) -> String {
        PrivateKey { bytes in for i in bytes.indices { bytes[i] = number } }.exposedBase64
    }

    static let publicKey: @Sendable (PrivateKey) -> PublicKey = { key in key.withBytes { PublicKey(loading: $0) } }

    func installation() throws(InstallationError) -> Installation {
        let texts = files.map { ForeignFiles.File(path: $0.path, text: FileText($0.text)) }
        let all = ForeignFiles(
            texts, databases: databases, services: { _ in nil }, elsewhere: { [elsewhere] in elsewhere[$0] },
            publicKey: Self.publicKey)
        return try Installation(in: all, kind: kind, interface: interface)
    }

    func taken(uplink: String? = "eth0") throws -> WgQuickImport {
        try installation().site(
            interface: "wg0", lan: lan, uplink: uplink, now: now, publicKey: Self.publicKey)
    }

    /// What was refused, a line each.
    func faults() -> [String] {
        do {
            _ = try taken()
            return []
        } catch {
            switch error {
            case InstallationError.faults(let errors): return errors.errors.map(\.description)
            default: return ["\(error)"]
            }
        }
    }
}

extension WgQuickImport {
    /// `laptop 10.8.0.2 ← 10.9.0.0/24 psk full`: a line for each peer.
    var summary: [String] {
        site.peers.map { peer in
            let words = [peer.name] + peer.addresses.map(\.description)
            let routes = peer.routes.isEmpty ? [] : ["←"] + peer.routes.map(\.description)
            let marks = [
                presharedKeys[peer.name] == nil ? nil : "psk", peer.fullTunnel.map { $0 ? "full" : "split" },
                peer.keepalive.map { "every \($0)" }, peer.endpoint.map { "at \($0)" },
                clientKeys.contains { ForeignSample.publicKey($0) == peer.publicKey } ? "ours" : nil,
            ]
            return (words + routes + marks.compactMap(\.self)).joined(separator: " ")
        }
    }

    /// Whether a note contains all of these words.
    func tells(_ words: String...) -> Bool {
        notes.contains { note in words.allSatisfy { note.description.contains($0) } }
    }
}

extension ForeignTable {
    /// Rows by their columns' names.
    init(_ name: String, _ rows: [[String: String]], columns: [String]) {
        self.init(name: name, columns: columns, rows: rows.map { row in columns.map { row[$0] } })
    }
}
