import NetTypes
import SiteModel

/// An interface of the box's that leads to the LAN, with the networks that are there.
struct LANSide {
    /// Its name.
    let interface: String
    /// Sorted, at least one.
    let subnets: [IPPrefix]
    /// `lan4` and `lan6` without their digit hold the networks; other sides than one that leads to all of the LAN have sets of
    /// their own, so that nobody at one of them can say that he is at another.
    let setSuffix: String

    /// Sorted by interface.
    static func all(_ site: Site, _ surroundings: Surroundings) -> [LANSide] {
        let networks = surroundings.lan(of: site)
        return Set(networks.map(\.interface)).sorted().enumerated().map { number, name in
            let own = networks.filter { $0.interface == name }.map(\.prefix).sorted()
            return LANSide(
                interface: name, subnets: own, setSuffix: own == site.lan.subnets ? "" : "-\(number + 1)")
        }
    }
}
