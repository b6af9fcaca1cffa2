public import NetTypes

/// A file of wg-quick(8), read whole: what `wg-quick` and `wg setconf` make of it.
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
        /// AmneziaWG's parameters.
        public var disguise = AWGSettings()
        /// `Table`, as it stands there; nil is `auto`.
        var table: String?
        /// Commands for the shell, in the order of the file. They may hold secrets, and are run by nobody here.
        public var hooks: [Hook] = []

        /// Where each of `addresses` stands.
        var addressPlaces: [Place] = []
        /// Where each of `dns` stands.
        var dnsPlaces: [Place] = []
        /// Whether the private key stands there with the bits that every one has (RFC 7748 5), as `wg genkey` prints it.
        var isKeyClamped = true
    }

    /// `PostUp = …` and the like.
    public struct Hook: Sendable {
        /// When wg-quick runs it.
        public enum Moment: String, CaseIterable, Sendable {
            /// Before the interface is there.
            case preUp = "PreUp"
            /// When all is set.
            case postUp = "PostUp"
            /// Before anything is taken away.
            case preDown = "PreDown"
            /// When all is gone.
            case postDown = "PostDown"
        }

        /// When.
        public let moment: Moment
        /// As it stands there, `%i` included.
        public let command: String

        let place: Place
    }

    /// A `[Peer]`. One that stands in several sections is one, as it is to wg.
    public struct Peer: Sendable {
        /// What a comment calls it, made a host label.
        public var name: String?
        /// What `name` was made of.
        var title: String?
        /// Whom it is.
        public var publicKey: PublicKey
        /// nil if there is none.
        public var presharedKey: PresharedKey?
        /// Host bits masked, in the order of the file; none is another peer's as well.
        public var allowedIPs: [IPPrefix] { allowed.map(\.network) }
        /// Where to dial it.
        public var endpoint: Endpoint?
        /// Seconds; nil or 0 is off.
        public var keepalive: UInt16?

        /// Of its first section.
        var place: Place
        /// Where the values of its settings stand.
        var places = Places()
        /// Its settings that could not be read, lower case.
        var unread: Set<String> = []
        /// What `allowedIPs` is made of.
        var allowed: [AllowedIP] = []
    }

    /// Where the values of a peer's settings stand; nil for what it does not have.
    struct Places: Sendable {
        var publicKey: Place?
        var presharedKey: Place?
        var endpoint: Place?
        var keepalive: Place?
    }

    /// A network that packets of a peer come from and go to.
    struct AllowedIP: Sendable {
        /// As it stands there, with its host bits.
        let written: InterfaceAddress
        let place: Place

        var network: IPPrefix { written.network }
    }

    /// Where something stands, both from 1.
    struct Place: Hashable, Sendable {
        var line = 1
        var column = 1
        /// nil is the configuration's own file: some installations keep each peer in one.
        var file: String?
    }

    /// The name of the file as it was given.
    public let file: String
    /// The gateway itself.
    public var interface = Interface()
    /// In the order of the file.
    public var peers: [Peer] = []
    /// Who stands there commented out as PiVPN does it, and so is not let in.
    public var disabled: [Peer] = []
    /// In the order in which they came up.
    var remarks: [(place: Place, remark: Remark)] = []
    /// What who read another program's files has to say beside.
    var others: [(place: Place, fault: ProfileFault)] = []

    var interfacePlace = Place()
    /// Where the keys of `[Interface]` stand, in lower case.
    var places: [String: Place] = [:]
    /// Keys of `[Interface]` whose values could not be read, lower case.
    var unread: Set<String> = []
    /// Whether there is a peer that could not be read.
    var lacksPeers = false

    /// What is wrong at a place.
    func fault(_ place: Place, _ fault: ProfileFault) -> ProfileError {
        ProfileError(file: place.file ?? file, line: place.line, column: place.column, fault)
    }

    /// Whether a text is a file of wg-quick, and no profile: it has a section that no profile has.
    public static func isLikely(_ text: String) -> Bool {
        WgQuickLine.lines(of: text).lazy.enumerated().contains { number, line in
            let head = WgQuickLine(line, number: number + 1).content.withoutBlanks.lowercased()
            return head == "[interface]" || head == "[peer]"
        }
    }
}
