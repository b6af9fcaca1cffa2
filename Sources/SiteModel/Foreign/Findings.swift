import NetTypes

/// A value as some file has it, and where.
struct ForeignValue: Sendable {
    let text: String
    let place: WgQuickConfig.Place

    /// What stands between commas, without blanks around it; what is empty is left out.
    var items: [ForeignValue] {
        text.split(separator: ",").map(\.trimmedOfBlanks).filter { !$0.isEmpty }.map {
            ForeignValue(text: String($0), place: place)
        }
    }

    /// Where 0 says that there is none.
    var unlessZero: ForeignValue? { text == "0" ? nil : self }
}

/// What is wrong with, and worth saying of, the files of one installation while they are read.
struct Findings {
    /// Where a place names no file.
    let file: String
    var errors: [ProfileError] = []
    private var notes: [(place: WgQuickConfig.Place, fault: ProfileFault)] = []

    init(_ file: String) { self.file = file }

    private func fault(_ place: WgQuickConfig.Place, _ fault: ProfileFault) -> ProfileError {
        ProfileError(file: place.file ?? file, line: place.line, column: place.column, fault)
    }

    mutating func refuse(_ place: WgQuickConfig.Place, _ fault: ForeignFault) {
        errors.append(self.fault(place, .foreign(fault)))
    }

    mutating func note(_ place: WgQuickConfig.Place, _ fault: ForeignFault) {
        notes.append((place, .foreign(fault)))
    }

    /// The value, or nothing and a word about it; nothing where it is empty or absent.
    mutating func read<T>(
        _ value: ForeignValue?, _ name: String, parse: (String) throws(ParseError) -> T
    ) -> T? {
        guard let value, !value.text.isEmpty else { return nil }
        do { return try parse(value.text) } catch {
            errors.append(fault(value.place, .setting(name, error)))
            return nil
        }
    }

    /// A key. What was given for one is not repeated: it may be another.
    mutating func key<Key: ParsedText>(_ value: ForeignValue?, _ name: String) -> Key? {
        guard let value, !value.text.isEmpty else { return nil }
        do { return try Key(parsing: Substring(value.text).trimmedOfBlanks) } catch {
            errors.append(fault(value.place, .key(name, error.reason)))
            return nil
        }
    }

    /// The mark of encrypted packets; 0 is none.
    mutating func mark(_ value: ForeignValue?, _ name: String) -> UInt32 {
        read(value, name) { text throws(ParseError) in try wgMark(text) } ?? 0
    }

    mutating func port(_ value: ForeignValue?, _ name: String) -> UInt16? {
        read(value, name) { text throws(ParseError) in try wgPort(text, least: 1) { _ in nil } }
    }

    mutating func keepalive(_ value: ForeignValue?, _ name: String) -> UInt16? {
        read(value, name) { text throws(ParseError) in try wgKeepalive(text) }
    }

    mutating func endpoint(_ value: ForeignValue?, _ name: String) -> Endpoint? {
        read(value, name) { text throws(ParseError) in try WgQuickEndpoint(parsing: text) { _ in nil } }?.endpoint
    }

    /// The same of a host and a port that stand apart; nothing without a host.
    mutating func endpoint(host: ForeignValue?, port: String, _ name: String) -> Endpoint? {
        guard let host else { return nil }
        return endpoint(ForeignValue(text: "\(bracketed(host.text)):\(port)", place: host.place), name)
    }

    /// Gives the gateway an address of its own. `place`: where it stands, if not where the value does.
    mutating func takeAddress(
        _ value: ForeignValue?, _ name: String, at place: WgQuickConfig.Place? = nil,
        into interface: inout WgQuickConfig.Interface,
        parse: (String) throws(ParseError) -> InterfaceAddress = { text throws(ParseError) in
            try InterfaceAddress(parsing: text)
        }
    ) {
        guard let value, let own = read(value, name, parse: parse) else { return }
        interface.addresses.append(own)
        interface.addressPlaces.append(place ?? value.place)
    }

    /// Bytes of an inner packet.
    mutating func mtu(_ value: ForeignValue?, _ name: String) -> Int? {
        read(value, name) { text throws(ParseError) in
            guard let mtu = decimal(text, most: 65456), mtu >= 576 else {
                throw ParseError(text, .number(576...65456, orOff: false))
            }
            return Int(mtu)
        }
    }

    /// Addresses among what may be names as well.
    func servers(_ values: [ForeignValue]) -> [IPAddress] { values.compactMap { IPAddress($0.text) } }

    mutating func networks(_ values: [ForeignValue], _ name: String) -> [IPPrefix] {
        values.compactMap { value in
            read(value, name) { text throws(ParseError) in try wgAllowedIP(text).network }
        }
    }

    /// A peer's side of the gateway; nil without a key that is one.
    mutating func peer(
        title: ForeignValue?, publicKey: ForeignValue?, presharedKey: ForeignValue?, allowedIPs: [ForeignValue],
        at place: WgQuickConfig.Place, _ names: (publicKey: String, presharedKey: String, allowedIPs: String)
    ) -> Installation.Peer? {
        let key: PublicKey? = self.key(publicKey, names.publicKey)
        if publicKey?.text.isEmpty ?? true { refuse(place, .noKey(named: names.publicKey)) }
        let isWithoutPreshared = presharedKey.map { isNoKey($0.text) } ?? true
        let preshared: PresharedKey? = isWithoutPreshared ? nil : self.key(presharedKey, names.presharedKey)
        let allowed = allowedIPs.compactMap { value in
            read(value, names.allowedIPs) { text throws(ParseError) in try wgAllowedIP(text) }.map {
                WgQuickConfig.AllowedIP(written: $0, place: value.place)
            }
        }
        guard let key else { return nil }
        var peer = WgQuickConfig.Peer(publicKey: key, place: place)
        peer.presharedKey = preshared
        peer.allowed = allowed
        peer.take(title: title)
        return Installation.Peer(wireguard: peer)
    }

    /// Takes over what was found of a part; `isRefused` says whether that part has to be right.
    mutating func take(_ part: Findings, isRefused: Bool) {
        notes += part.notes
        if isRefused { errors += part.errors } else { notes += part.errors.map { ($0.place, $0.fault) } }
    }

    /// The installation with what was noted. Throws everything that was refused.
    func finish(_ installation: Installation) throws(ProfileErrors) -> Installation {
        if !errors.isEmpty { throw ProfileErrors(errors) }
        var installation = installation
        installation.gateway.others += notes
        return installation
    }
}

extension WgQuickConfig.Peer {
    /// Is called by what somebody has called it, as far as that makes a name.
    mutating func take(title: ForeignValue?) {
        guard let title, !title.text.mayHoldKey, let label = hostLabel(nearest: title.text) else { return }
        (name, self.title) = (label, title.text)
    }
}

extension WgQuickConfig.Hook.Moment {
    /// What databases call them.
    static let columns: [(name: String, moment: Self)] = [
        ("pre_up", .preUp), ("post_up", .postUp), ("pre_down", .preDown), ("post_down", .postDown),
    ]
}

extension WgQuickConfig.Interface {
    /// Of several lines they are one command.
    mutating func take(_ hook: ForeignValue?, _ moment: WgQuickConfig.Hook.Moment) {
        guard let hook, !hook.text.isEmpty else { return }
        hooks.append(
            WgQuickConfig.Hook(moment: moment, command: hook.text.replacing("\n", with: " "), place: hook.place))
    }
}

/// An IPv6 address as it stands before a port.
private func bracketed(_ host: String) -> String { host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host }
