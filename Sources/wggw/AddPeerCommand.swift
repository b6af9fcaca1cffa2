import ArgumentParser
import Gateway
import NetTypes
import SiteModel
import Storage

struct AddPeerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-peer", abstract: "Add a person's device, or another site.",
        discussion: """
            Without --public-key wggw makes its key pair and a preshared key; with it, the private key never touches this box. \
            Without --allow or --group it reaches the LAN.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var message: MessageOption
    @OptionGroup var peer: PeerFlags

    @Argument(help: ArgumentHelp("A host label, like laptop.", valueName: "name"))
    var name: String

    @Flag(help: "Print its configuration as a QR code.")
    var qr = false

    @Flag(help: "Print its configuration.")
    var conf = false

    func run() throws {
        let control = try common.writer("add-peer")
        let draft = try control.addPeer(name, try peer.options(), why: message.message)
        report(draft, common)
        let added = draft.stored.site.peers.first { $0.name == name }
        if let added {
            let addresses = added.addresses.map(\.description).joined(separator: " and ")
            common.note("\(name) has \(addresses.isEmpty ? "no address in the tunnel" : addresses)")
        }
        guard qr || conf else {
            let file = "-o \(name).conf"
            common.note(
                """
                next: `wggw apply` lets \(name) in
                      \(added?.routes.isEmpty == false
                    ? "`wggw export \(name) --as gateway \(file)` writes the other gateway's side"
                    : "`wggw export \(name) --qr` shows its side to a phone, `wggw export \(name) \(file)` writes it")
                """)
            return
        }
        let exported = try control.export(name)
        if conf { Console.content(exported.text) }
        if qr { try common.draw(common.code(exported.text)) }
        common.note("next: `wggw apply` lets \(name) in")
    }
}
