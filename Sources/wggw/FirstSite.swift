import ArgumentParser
import Gateway
import Glibc
import NetTypes
import SiteModel
import Storage
import System

/// What `wggw watch` begins with where somebody outside tells it, as for a container: a profile that is kept there, or a few words
/// of the environment. It is drafted and applied as if it had been typed.
struct FirstSite {
    let common: CommonOptions

    /// Takes a profile, and applies it. A revision that was made here since it was last taken stays, and that is said: who has
    /// added a peer by hand does not lose it by a restart.
    func take(profile file: String) throws {
        let profile = try Site.parse(try readTextFile(file), file: file)
        let control = try common.writer("watch", mayBeFirst: true)
        let why = "watch -f \(file)"
        if let newest = try control.history(limit: 1).first, ![why, "apply -f \(file)"].contains(newest.note.why) {
            return common.note(
                "revision \(newest.id) (\(newest.note.why)) stays, and \(file) is not taken; `wggw apply -f \(file)` takes it"
            )
        }
        try undisturbed {
            report(try control.take(profile, why: why), common)
            common.notes(try control.apply().notices)
        }
    }

    /// Makes a site of WGGW_LAN, WGGW_ENDPOINT, WGGW_LAN_INTERFACE and WGGW_PEERS where there is none, and applies it; nothing
    /// without WGGW_LAN. What could not be applied at first is tried again at the next start, as long as nobody else drafted.
    func makeFromEnvironment() throws {
        let networks = Self.words("WGGW_LAN")
        guard !networks.isEmpty else { return }
        let control = try common.writer("watch", mayBeFirst: true)
        try undisturbed {
            if let newest = try control.history(limit: 1).first {
                guard newest.note.why == Self.why, try control.record().applied == nil else { return }
            } else {
                report(try control.initialize(try Self.options(networks), why: Self.why), common)
            }
            let present = Set(try control.newest().site.peers.map(\.name))
            for name in Self.words("WGGW_PEERS") where !present.contains(name) {
                report(try control.addPeer(name, PeerOptions(), why: Self.why), common)
            }
            common.notes(try control.apply().notices)
        }
    }

    private static let why = "from the environment"

    private static func options(_ networks: [String]) throws -> InitOptions {
        var options = InitOptions()
        do { options.lan = try networks.map { text throws(ParseError) in try IPPrefix(parsing: text) } } catch {
            throw ValidationError("WGGW_LAN: \(error)")
        }
        options.endpoint = words("WGGW_ENDPOINT").first
        options.lanInterface = words("WGGW_LAN_INTERFACE").first
        return options
    }

    /// Words of a variable, with commas or spaces between them.
    private static func words(_ variable: String) -> [String] {
        guard let value = getenv(variable).map({ String(cString: $0) }) else { return [] }
        return value.split { $0 == "," || $0 == " " }.map { String($0) }
    }
}
