import ArgumentParser
import Gateway
import NetTypes
import Reports
import SiteModel
import Storage

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The peers of the newest revision.",
        discussion: """
            JSON: a list of objects with the keys \(Report.listed(nil, in: nil).help).
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Flag(help: "Names only, one a line.")
    var names = false

    func run() throws {
        let site = try common.reader("list").newest().site
        if names { return site.peers.forEach { Console.data("\($0.name)") } }
        if json.isOn { return Console.raw(JSON.reports(site.peers) { .listed($0, in: site) }.text) }
        guard !site.peers.isEmpty else { return common.note("no peers yet; add one with `wggw add-peer NAME`") }
        // A column that is empty for most sites is left out of theirs.
        let expires = site.peers.contains { $0.expires != nil }
        Console.data(
            ["PEER", "ADDRESSES", "TUNNEL", "MAY REACH", "ROUTES"] + (expires ? ["EXPIRES"] : []) + ["PUBLIC KEY"],
            site.peers.map { peer in
                let isFull = site.goesOut(peer)
                return [
                    peer.name, peer.isUnnumbered ? "-" : peer.addresses.map(\.description).joined(separator: ", "),
                    isFull ? "full" : "split", peer.reach + (isFull ? ", Internet" : ""),
                    peer.routes.isEmpty ? "-" : peer.routes.map(\.description).joined(separator: ", "),
                ] + (expires ? [peer.expires?.description ?? "-"] : []) + [peer.publicKey?.description ?? "-"]
            })
    }
}

extension Peer {
    /// What it may reach inside, in a word or two.
    fileprivate var reach: String {
        if let group { return "group \(group)" }
        guard let allow = policy?.allow, let first = allow.first else { return "LAN" }
        return allow.count == 1 ? "\(first)" : "\(first) and \(allow.count - 1) more"
    }
}
