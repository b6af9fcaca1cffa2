import NetTypes

/// Where in a file of wg-quick the parts of the site stand that was made of it.
struct WgQuickOrigins {
    private let config: WgQuickConfig
    private var places: [SitePath: WgQuickConfig.Place] = [:]

    init(_ config: WgQuickConfig) {
        self.config = config
        let own = zip(config.interface.addresses, config.interface.addressPlaces)
        // As a tunnel has them: sorted.
        let sorted = own.filter { !$0.0.address.isOfOneLink }.sorted { $0.0 < $1.0 }
        for (i, (_, place)) in sorted.enumerated() {
            places[SitePath(["tunnel", "addresses"], index: i)] = place
        }
    }

    mutating func add(_ peer: Peer, _ source: WgQuickConfig.Peer) {
        let path = ["peers", peer.name]
        places[SitePath(path)] = source.place
        let routes = Dictionary(zip(peer.routes, 0...), uniquingKeysWith: { first, _ in first })
        let addresses = Dictionary(zip(peer.addresses, 0...), uniquingKeysWith: { first, _ in first })
        for item in source.allowed {
            if let i = routes[item.network] {
                places[SitePath(path + ["routes"], index: i)] = item.place
            } else if let i = addresses[item.network.address] {
                places[SitePath(path + ["addresses"], index: i)] = item.place
            }
        }
    }

    /// The place of the path, or of what it is in.
    func place(of path: SitePath) -> WgQuickConfig.Place {
        if let place = places[path] { return place }
        if path.keys.first == "tunnel" {
            let names = ["addresses": "address", "listen-port": "listenport", "public-key": "privatekey"]
            return config.places[names[path.keys[1]] ?? path.keys[1]] ?? config.interfacePlace
        }
        return places[SitePath(Array(path.keys.prefix(2)))] ?? config.interfacePlace
    }
}
