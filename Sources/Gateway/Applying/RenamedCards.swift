internal import BoxModel
internal import Storage

extension ControlPlane {
    /// A card takes its settings along when it gets another name: what they were before wggw is kept by the kernel's index of the card,
    /// so that it is given back to the card and not to the name.
    ///
    /// Where that cannot be read or noted, as on a full disk, the next call does it.
    func followRenamedCards() {
        guard let bootID = try? clock.bootID(), let saved = try? records.savedLinks(bootID: bootID), !saved.isEmpty,
            let numbers = try? box.links()
        else { return }
        let names = Dictionary(numbers.map { ($1, $0) }) { first, _ in first }
        var links: [String: UInt32] = [:]
        var renamed: [String: String] = [:]
        for (key, link) in saved {
            guard let setting = interfaceOfSetting(key) else { continue }
            if let link {
                if let name = names[link], name != setting.name { renamed[key] = setting.key(name) }
            } else if let number = numbers[setting.name] {
                links[key] = number
            }
        }
        if !links.isEmpty || !renamed.isEmpty { try? records.save(links: links, renamed: renamed) }
    }
}
