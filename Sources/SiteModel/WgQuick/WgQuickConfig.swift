public import NetTypes

/// A file of wg-quick(8), read whole.
public struct WgQuickConfig: Sendable {
    /// The `[Interface]` section.
    public struct Interface: Sendable {
        /// In the order of the file.
        public var addresses: [InterfaceAddress] = []
        /// nil if the file has none.
        public var privateKey: PrivateKey?
        /// UDP; nil is a port chosen by the system.
        public var listenPort: UInt16?
        /// Bytes of an inner packet.
        public var mtu: Int?
        /// In the order of the file.
        public var dns: [IPAddress] = []
        /// What stands in `DNS` and is no address.
        public var searchDomains: [String] = []
        /// Mark of the encrypted packets; 0 is none.
        public var fwmark: UInt32 = 0
    }

    /// A `[Peer]` section.
    public struct Peer: Sendable {
        /// What a comment calls it, made a host label.
        public var name: String?
        /// Whom it is.
        public var publicKey: PublicKey
        /// nil if there is none.
        public var presharedKey: PresharedKey?
        /// Host bits masked, in the order of the file.
        public var allowedIPs: [IPPrefix] = []
        /// Where to dial it.
        public var endpoint: Endpoint?
        /// Seconds; nil or 0 is off.
        public var keepalive: UInt16?

        /// Line and column of the section, and of each of `allowedIPs`.
        var place: Place
        var allowedPlaces: [Place] = []
    }

    /// Where something stands, both from 1.
    struct Place: Hashable, Sendable {
        let line: Int
        let column: Int
    }

    /// The name of the file as it was given.
    public let file: String
    /// The gateway itself.
    public var interface = Interface()
    /// In the order of the file.
    public var peers: [Peer] = []
    /// What was understood but has no place in a site, or is taken differently than it stands there.
    public var notes: [ProfileError] = []

    var interfacePlace = Place(line: 1, column: 1)
    /// Where the keys of `[Interface]` stand, in lower case.
    var places: [String: Place] = [:]

    mutating func note(_ place: Place, _ message: String) {
        notes.append(ProfileError(file: file, line: place.line, column: place.column, message: message))
    }
}
