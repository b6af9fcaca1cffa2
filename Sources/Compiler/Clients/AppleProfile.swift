import NetTypes

extension ClientConfig {
    /// A configuration profile (.mobileconfig, a property list in XML): opened on the device, it puts the tunnel into WireGuard's app,
    /// and can make it connect by itself. WireGuard's MOBILECONFIG.md and Apple's payload com.apple.vpn.managed.
    func appleProfile(_ names: ClientNames, isPhone: Bool, _ onDemand: OnDemand?) -> ClientFile {
        let identifier = "wggw.\(names.site).\(names.peer)"
        var vpn: [(String, PropertyList)] = [
            ("RemoteAddress", .string("\(endpoint)")), ("AuthenticationMethod", .string("Password")),
        ]
        if let onDemand {
            vpn += [("OnDemandEnabled", .integer(1)), ("OnDemandRules", .array(rules(onDemand)))]
        }
        let tunnel: [(String, PropertyList)] = [
            ("PayloadDisplayName", .string("VPN")), ("PayloadType", .string("com.apple.vpn.managed")),
            ("PayloadVersion", .integer(1)), ("PayloadIdentifier", .string("\(identifier).tunnel")),
            ("PayloadUUID", .string(uuid(of: names, "tunnel"))), ("UserDefinedName", .string(names.site)),
            ("VPNType", .string("VPN")),
            ("VPNSubType", .string(isPhone ? "com.wireguard.ios" : "com.wireguard.macos")),
            ("VendorConfig", .dictionary([("WgQuickConfig", .string(wgQuickText))])), ("VPN", .dictionary(vpn)),
        ]
        let profile: [(String, PropertyList)] = [
            ("PayloadDisplayName", .string("WireGuard to \(names.site)")), ("PayloadType", .string("Configuration")),
            ("PayloadVersion", .integer(1)), ("PayloadIdentifier", .string(identifier)),
            ("PayloadUUID", .string(uuid(of: names, "profile"))), ("PayloadContent", .array([.dictionary(tunnel)])),
        ]
        return ClientFile(name: "\(names.peer).mobileconfig", text: PropertyList.dictionary(profile).text)
    }

    /// The first that fits counts.
    private func rules(_ onDemand: OnDemand) -> [PropertyList] {
        let home: [(String, PropertyList)] = [
            ("Action", .string("Disconnect")), ("InterfaceTypeMatch", .string("WiFi")),
            ("SSIDMatch", .array(onDemand.exceptWiFi.map { .string($0) })),
        ]
        let everywhere = PropertyList.dictionary([("Action", .string("Connect"))])
        return onDemand.exceptWiFi.isEmpty ? [everywhere] : [.dictionary(home), everywhere]
    }
}

/// What of Apple's property lists a profile needs (plist(5)).
enum PropertyList {
    case string(String)
    case integer(Int)
    case array([PropertyList])
    case dictionary([(String, PropertyList)])

    /// A whole document.
    var text: String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        \(lines.joined(separator: "\n"))
        </plist>

        """
    }

    private var lines: [String] {
        switch self {
        case .string(let text): ["<string>\(Self.escaped(text))</string>"]
        case .integer(let number): ["<integer>\(number)</integer>"]
        case .array(let items): ["<array>"] + items.flatMap(\.lines).map { "\t" + $0 } + ["</array>"]
        case .dictionary(let pairs):
            ["<dict>"] + pairs.flatMap { ["\t<key>\(Self.escaped($0))</key>"] + $1.lines.map { "\t" + $0 } } + [
                "</dict>"
            ]
        }
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
    }
}
