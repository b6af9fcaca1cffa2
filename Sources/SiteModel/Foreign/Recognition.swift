/// One gateway that is in the files.
public struct FoundGateway: Hashable, Sendable, CustomStringConvertible {
    let kind: Installation.Kind
    /// nil where the files have no name for it.
    let interface: String?
    /// What makes it one.
    let file: String

    /// `wg0 of PiVPN (/etc/wireguard/wg0.conf)`
    public var description: String {
        "\(interface.map { "\($0.quotable) of " } ?? "")\(kind.title) (\(file.quotable))"
    }
}

/// The same before it is read.
struct ForeignCandidate {
    let gateway: FoundGateway
    /// Files of wg-quick that its program writes, and that are no gateways besides.
    let written: Set<String>
    /// Reads it whole. Throws everything that is wrong.
    let read: () throws(ProfileErrors) -> Installation

    init(
        kind: Installation.Kind, interface: String?, file: String, written: Set<String> = [],
        read: @escaping () throws(ProfileErrors) -> Installation
    ) {
        gateway = FoundGateway(kind: kind, interface: interface, file: file)
        self.written = written
        self.read = read
    }
}

/// Why no installation was read.
public indirect enum InstallationError: Error, Sendable, ToldInProse {
    /// What was chosen, or all that there is, has faults.
    case faults(ProfileErrors)
    /// Nothing there is a gateway's: so many files were looked into, and this one was not.
    case nothing(files: Int, passedOver: (path: String, cause: UnreadFile)?)
    /// What was asked for is not there, but these are.
    case notThere(Installation.Kind?, interface: String?, [FoundGateway])
    /// These are there.
    case several([FoundGateway])

    /// The faults, a line each, or what there is, and what would help.
    public var prose: Prose {
        switch self {
        case .faults(let errors): Prose(errors.description)
        case .nothing(let files, let passed):
            """
            nothing here is a gateway's: \(files) file\(files == 1 ? " was" : "s were") looked into\
            \(passed.map { "; \($0.path.quotable) was not: \($0.cause.description.quotable)" } ?? ""); \
            name the file or directory in which the old program keeps its own side
            """
        case .notThere(let kind, let interface, let found):
            "there is none for \(Self.asked(kind, interface)) here; there is \(Self.list(found))"
        case .several(let found) where Set(found.map(\.kind)).count > 1:
            """
            there are \(found.count) gateways here: \(Self.list(found)); \
            choose with \(.input(.origin)) KIND, or name one of them
            """
        case .several(let found):
            """
            there are \(found.count) gateways here: \(Self.list(found)); \
            choose with \(.input(.interface)) NAME, or name its file
            """
        }
    }

    private static func list(_ found: [FoundGateway]) -> String {
        abridged(found.map(\.description), "gateway").joined(separator: ", ")
    }

    private static func asked(_ kind: Installation.Kind?, _ interface: String?) -> Prose {
        switch (kind, interface) {
        case (let kind?, let interface?):
            "\(.input(.origin)) \(kind.rawValue) \(.input(.interface)) \(interface)"
        case (let kind?, nil): "\(.input(.origin)) \(kind.rawValue)"
        case (nil, let interface?): "\(.input(.interface)) \(interface)"
        case (nil, nil): ""
        }
    }
}

extension Installation {
    /// Finds out who made these files by what stands in them, and reads them. `kind` and `interface` choose where there are several.
    public init(in files: ForeignFiles, kind: Kind? = nil, interface: String? = nil) throws(InstallationError) {
        let all = Self.candidates(in: files)
        let chosen = all.filter {
            (kind == nil || $0.gateway.kind == kind)
                && (interface == nil || $0.gateway.interface == nil || $0.gateway.interface == interface)
        }
        guard chosen.count == 1, let candidate = chosen.first else {
            throw Self.unclear(all.map(\.gateway), chosen.map(\.gateway), files, kind, interface)
        }
        do { self = try candidate.read() } catch { throw .faults(error) }
        let taken = candidate.gateway
        let others = all.map(\.gateway).filter { $0.file != taken.file || $0.interface != taken.interface }
        let what = WgQuickConfig.Place(file: taken.file)
        gateway.note(what, .taken(taken, peers: peers.count))
        let (first, more) = shortened(others)
        for other in first { gateway.note(what, .notTaken(other)) }
        if more > 0 { gateway.note(what, .moreNotTaken(more)) }
        for passed in files.passedOver.prefix(maximumTold) {
            gateway.note(WgQuickConfig.Place(file: passed.path), .notLookedInto(passed.cause))
        }
    }

    private static func candidates(in files: ForeignFiles) -> [ForeignCandidate] {
        let readers = [
            WgEasy14.candidates, WgEasy15.candidates, WGDashboard.candidates, WireguardUI.candidates,
            Networkd.candidates,
            NetworkManager.candidates, WGPortal.candidates, MikroTik.candidates, OPNsense.candidates,
        ]
        let programs = readers.flatMap { $0(files) }
        let written = programs.reduce(into: Set<String>()) { $0.formUnion($1.written) }
        return programs + Configurations.candidates(in: files).filter { !written.contains($0.gateway.file) }
    }

    private static func unclear(
        _ all: [FoundGateway], _ chosen: [FoundGateway], _ files: ForeignFiles, _ kind: Kind?,
        _ interface: String?
    ) -> InstallationError {
        if all.isEmpty {
            let faults = (files.configurations.map(\.fault) + files.json.map(\.fault)).compactMap(\.self)
            if !faults.isEmpty { return .faults(ProfileErrors(faults.flatMap(\.errors))) }
            let count = files.files.count + files.databases.count
            return .nothing(files: count, passedOver: files.passedOver.first)
        }
        if chosen.isEmpty {
            // What was asked for may be there, and wrong.
            let faulty = files.configurations.first {
                $0.fault != nil && Configurations.interface(of: $0.file) == interface
            }
            if let fault = faulty?.fault, interface != nil { return .faults(fault) }
            return .notThere(kind, interface: interface, all)
        }
        return .several(chosen)
    }
}

extension ForeignFiles.Parsed {
    var fault: ProfileErrors? {
        if case .failure(let errors) = result { errors } else { nil }
    }
}
