import NetTypes
import SiteModel

/// A line of the profile, as `wggw profile export` prints it.
public struct ProfilePlace: Equatable, Sendable {
    /// Counted from 1.
    public let line: Int
    /// What stands there.
    public let text: String
}

/// Finds the line that says something.
struct ProfileLines {
    private typealias Place = (start: Int, section: ProfileSection)
    /// By title; those of lists have the same one.
    private let sections: [String: [Place]]

    init(_ site: Site) {
        var start = 1
        sections = Dictionary(
            grouping: site.profileSections().map { section -> Place in
                // Title, lines, an empty one.
                defer { start += section.lines.count + 2 }
                return (start, section)
            }, by: \.section.title)
    }

    /// The line of a check, by its place in the list.
    func place(ofCheck index: Int) -> ProfilePlace? {
        let all = sections["[[check]]"] ?? []
        return index < all.count ? ProfilePlace(line: all[index].start, text: all[index].section.title) : nil
    }

    /// The line that decided; nil where it is none of the profile's.
    func place(of fact: Fact) -> ProfilePlace? {
        switch fact {
        case .granted(.rule(let rule, let peer, let group)): place(policy: peer, group, rule)
        case .grantedInPart(let rules, let peer, let group): place(policy: peer, group, rules.first)
        case .refused(.policy(let peer, let group)): place(policy: peer, group, nil)
        case .granted(.wholeLAN(let peer)), .refused(.otherPeer(let peer, _)):
            section(["peers", peer]).map { ProfilePlace(line: $0.start, text: $0.section.title) }
        case .refused(.expired(let peer, _)): line("expires", in: ["peers", peer])
        case .granted(.fullTunnel(let peer)), .refused(.splitTunnel(let peer)):
            line("full-tunnel", in: ["peers", peer]) ?? line("full-tunnel", in: ["egress"])
        case .granted(.dns): line("servers", in: ["dns"])
        case .granted(.fromLAN), .refused(.notFromLAN): line("subnets", in: ["lan"])
        default: nil
        }
    }

    private func place(policy peer: String, _ group: String?, _ rule: AccessRule?) -> ProfilePlace? {
        let path = group.map { ["groups", $0] } ?? ["peers", peer]
        if let rule, let found = line(containing: "\"\(rule)\"", in: path) { return found }
        return line("allow", in: path)
    }

    private func line(_ key: String, in path: [String]) -> ProfilePlace? {
        line(in: path) { $0.hasPrefix("\(key) = ") }
    }

    private func line(containing word: String, in path: [String]) -> ProfilePlace? {
        line(in: path) { $0.contains(word) }
    }

    private func line(in path: [String], where isIt: (String) -> Bool) -> ProfilePlace? {
        guard let (start, section) = section(path), let index = section.lines.firstIndex(where: isIt) else {
            return nil
        }
        let text = section.lines[index]
        return ProfilePlace(line: start + 1 + index, text: String(text.drop { $0 == " " }))
    }

    private func section(_ path: [String]) -> Place? { sections[ProfileSection.title(path)]?.first }
}
