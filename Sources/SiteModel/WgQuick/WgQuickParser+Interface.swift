import NetTypes

extension WgQuickParser {
    private static let quickKeys = [
        "Address", "MTU", "DNS", "Table", "PreUp", "PostUp", "PreDown", "PostDown", "SaveConfig",
    ]
    private static let wgKeys = ["PrivateKey", "ListenPort", "FwMark"]

    mutating func setInterface(_ setting: Setting, isQuick: Bool) {
        // wg-quick compares keys with their blanks.
        let quickName = setting.key.lowercased()
        if Self.quickKeys.contains(where: { $0.lowercased() == quickName }) {
            guard isQuick else {
                return refuse(setting.place, .ofWgQuick(key: String(setting.key)))
            }
            return setQuick(setting, quickName)
        }
        if config.places[setting.name] == nil { config.places[setting.name] = setting.valuePlace }
        let value = setting.value.withoutBlanks
        switch setting.name {
        case "privatekey":
            noteIfAgain(setting, reader: "wg")
            guard let parsed: PrivateKey = key(setting) else { return }
            config.interface.privateKey = isNoKey(value) ? nil : parsed
            config.interface.isKeyClamped = isClamped(value)
        case "listenport":
            noteIfAgain(setting, reader: "wg")
            let services = services
            let port = one(setting) { () throws(ParseError) in try wgPort(value, least: 0, services: services) }
            config.interface.listenPort = port == 0 ? nil : port
        case "fwmark":
            noteIfAgain(setting, reader: "wg")
            config.interface.fwmark = one(setting) { () throws(ParseError) in try wgMark(value) } ?? 0
        default:
            guard let name = AWGName.allCases.first(where: { $0.rawValue.lowercased() == setting.name }) else {
                return unknown(setting, Self.quickKeys + Self.wgKeys)
            }
            noteIfAgain(setting, reader: "awg")
            let text = name.isTemplate ? String(setting.value) : value
            do throws(AWGFault) { try config.interface.disguise.set(name, text) } catch {
                markUnread(setting.name)
                refuse(setting.valuePlace, .parameter(error))
            }
        }
    }

    private mutating func setQuick(_ setting: Setting, _ name: String) {
        if config.places[name] == nil { config.places[name] = setting.valuePlace }
        switch name {
        case "address": setAddresses(setting)
        case "mtu":
            noteIfAgain(setting, reader: "wg-quick")
            setMTU(setting)
        case "dns": setDNS(setting)
        case "table":
            let isAuto = setting.value.lowercased() == "auto" || setting.value.isEmpty
            config.interface.table = isAuto ? nil : String(setting.value)
            if !isAuto { config.note(setting.place, .table(String(setting.value))) }
        case "saveconfig":
            guard ["true", "false"].contains(setting.value.lowercased()) else {
                return refuse(setting.valuePlace, .saveConfig(String(setting.value)))
            }
            config.note(setting.place, .saveConfig(setting.value.lowercased() == "true"))
        default:
            let moment = WgQuickConfig.Hook.Moment.allCases.first { $0.rawValue.lowercased() == name }
            guard let moment, !setting.value.isEmpty else { return }
            config.interface.hooks.append(
                WgQuickConfig.Hook(moment: moment, command: String(setting.value), place: setting.place))
        }
    }

    private mutating func setAddresses(_ setting: Setting) {
        for (item, place) in quickItems(setting) {
            let address = one(setting, at: place) { () throws(ParseError) in try ipInterfaceAddress(item) }
            guard let address else { continue }
            config.interface.addresses.append(address)
            config.interface.addressPlaces.append(place)
        }
    }

    /// What `ip link set mtu` takes, as far as an inner packet of IPv4 fits.
    private mutating func setMTU(_ setting: Setting) {
        let value = setting.value
        if value.isEmpty { return config.interface.mtu = nil }
        let isHex = value.hasPrefix("0x")
        let digits = isHex ? value.dropFirst(2) : value
        let isPlain = digits.first?.isHexDigit == true && (isHex || digits == "0" || digits.first != "0")
        guard isPlain, let mtu = Int(digits, radix: isHex ? 16 : 10), (576...65456).contains(mtu) else {
            return refuse(setting.valuePlace, .mtu(String(value)))
        }
        config.interface.mtu = mtu
    }

    /// wg-quick gives what is no address to the resolver as a domain, whatever it is.
    private mutating func setDNS(_ setting: Setting) {
        for (item, place) in quickItems(setting) {
            if let address = IPAddress(String(item)) {
                config.interface.dns.append(address)
                config.interface.dnsPlaces.append(place)
            } else {
                config.interface.searchDomains.append(String(item))
                config.note(place, .searchDomain(String(item)))
            }
        }
    }
}
