import BoxModel
import ArgumentParser
import Firewall
import Gateway
import Reports
import SiteModel
import Storage

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A revision: its profile, what it compiles into, or its firewall.",
        discussion: "JSON: an object with the keys \(Report.shown(nil).help).")

    @OptionGroup var common: CommonOptions
    @OptionGroup var json: JSONOption

    @Argument(help: ArgumentHelp("Which one (default: the newest).", valueName: "revision"))
    var revision: Int?

    @Flag(help: "The profile (the default).")
    var profile = false

    @Flag(help: "Every setting that the box needs.")
    var state = false

    @Flag(help: "The firewall as nft prints it.")
    var nft = false

    func validate() throws {
        if [profile, state, nft].count(where: { $0 }) > 1 {
            throw ValidationError("--profile, --state and --nft exclude each other")
        }
    }

    func run() throws {
        let control = try common.reader("show")
        let stored = try control.site(revision)
        let (form, text): (Report.Form, String) =
            if state {
                (.state, try control.desiredState(of: stored).text)
            } else if nft {
                (.nft, try control.desiredState(of: stored).firewall.nftText)
            } else {
                (.profile, stored.site.profileText())
            }
        if json.isOn {
            Console.raw(Report.shown(stored.revision.id, form, text).json.text)
        } else {
            Console.content(text)
        }
    }
}
