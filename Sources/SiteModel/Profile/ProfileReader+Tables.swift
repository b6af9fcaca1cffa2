import NetTypes

extension ProfileReader {
    /// `[peers.NAME]`
    mutating func peers(_ top: Section) -> [Peer] {
        let (section, names) = names("peers", in: top)
        return names.map { name in
            let own = self.section(name, in: section, keys: ProfileKeys.peer)
            var peer = Peer(name: name)
            for field in Peer.fields { field.read(&self, own, into: &peer) }
            return peer
        }
    }

    /// `[groups.NAME]`
    mutating func groups(_ top: Section) -> [String: Policy] {
        let (section, names) = names("groups", in: top)
        var groups: [String: Policy] = [:]
        for name in names {
            let group = self.section(name, in: section, keys: ProfileKeys.group)
            groups[name] = Policy(allow: list("allow", in: group) ?? [])
        }
        return groups
    }

    /// `[[check]]`
    mutating func checks(_ top: Section) -> [Check] {
        tables("check", in: top, keys: ProfileKeys.check).compactMap { section -> Check? in
            let (from, to) = (required("from", in: section), required("to", in: section))
            let expect: Check.Expectation = choice("expect", in: section) ?? .allow
            guard let from, let to else { return nil }
            do throws(ParseError) { return Check(try Flow(from: from.text, to: to.text), expect) } catch {
                note(error.input == from.text ? from.offset : to.offset, .value(SitePath(["check"]), error))
                return nil
            }
        }
    }

    /// One word for both families, or a table with a word or a list of interfaces for each.
    mutating func otherForwarding(_ header: Section) -> OtherForwarding {
        let key = "other-forwarding"
        switch header.node?.entries[key]?.value {
        case nil: return OtherForwarding()
        case .table:
            let section = section(key, in: header, keys: ProfileKeys.otherForwarding)
            return OtherForwarding(
                ipv4: otherForwardingChoice("ipv4", section), ipv6: otherForwardingChoice("ipv6", section))
        default:
            let choice: OtherForwarding.Word? = choice(key, in: header)
            return OtherForwarding(ipv4: choice?.choice, ipv6: choice?.choice)
        }
    }

    private mutating func otherForwardingChoice(_ family: String, _ section: Section) -> OtherForwarding.Choice? {
        if case .array = section.node?.entries[family]?.value {
            return list(family, in: section) { $0 }.map { .from($0) }
        }
        let word: OtherForwarding.Word? = choice(family, in: section)
        return word?.choice
    }

    /// `listen-ports`, which stands in place of `single`.
    mutating func ports(_ tunnel: Section, beside single: String) -> [UInt16]? {
        if let entry = tunnel.node?.entries["listen-ports"], tunnel.node?.entries[single] != nil {
            note(entry.keyOffset, .namedTwice(tunnel.place("listen-ports"), leaveOut: single))
        }
        return ports("listen-ports", in: tunnel)
    }

    /// `[disguise.NAME]`
    mutating func disguises(_ top: Section) -> [(name: String, Disguise)] {
        let (section, names) = names("disguise", in: top)
        return names.compactMap { name in disguise(name, section).map { (name, $0) } }
    }

    /// Each parameter as what it is: a number, a range, true or false, a template.
    private mutating func disguise(_ name: String, _ parent: Section) -> Disguise? {
        let section = section(name, in: parent, keys: ProfileKeys.awg)
        guard section.node != nil else { return nil }
        var disguise = Disguise(AWGSettings())
        for name in AWGName.allCases {
            let key = name.profileKey
            guard let entry = section.node?.entries[key] else { continue }
            if name == .headerProtectionKey {
                disguise.headerProtectionKey = value(key, in: section) ?? .none
                continue
            }
            guard let text = text(of: name, key, section) else { continue }
            do throws(AWGFault) { try disguise.settings.set(name, text) } catch {
                note(entry.offset, .parameter(section.place(key), error))
            }
        }
        return disguise
    }

    private mutating func text(of name: AWGName, _ key: String, _ section: Section) -> String? {
        switch name {
        case .jc, .jmin, .jmax, .s1, .s2, .s3, .s4: integer(key, in: section, 0...65535).map { "\($0)" }
        case .i1, .i2, .i3, .i4, .i5, .headerProtectionKey: string(key, in: section)?.text
        case .randomTrailers, .disableCookies: boolean(key, in: section).map { "\($0)" }
        case .h1, .h2, .h3, .h4, .contentPaddingAddition, .rekeyAfterTime, .rekeyTimeout, .rejectAfterTime,
            .keepaliveTimeout, .maxHandshakeAttempts:
            range(key, in: section)
        }
    }
}

extension OtherForwarding {
    /// The answers that are one word.
    fileprivate enum Word: String, CaseIterable {
        case allow, drop

        var choice: Choice { self == .allow ? .allow : .drop }
    }
}
