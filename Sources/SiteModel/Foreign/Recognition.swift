/// One gateway that is in the files, before it is read.
struct ForeignCandidate {
    let kind: Installation.Kind
    /// nil where the files have no name for it.
    let interface: String?
    /// What makes it one.
    let file: String
    /// Files of wg-quick that its program writes, and that are no gateways besides.
    var written: Set<String> = []
    /// Reads it whole. Throws everything that is wrong.
    let read: () throws(ProfileErrors) -> Installation

    /// `wg0 of PiVPN (/etc/wireguard/wg0.conf)`
    var description: String { "\(interface.map { "\($0.quotable) of " } ?? "")\(kind.title) (\(file.quotable))" }
}

/// Why no installation was read.
public indirect enum InstallationError: Error, Sendable, CustomStringConvertible {
    /// What was chosen, or all that there is, has faults.
    case faults(ProfileErrors)
    /// Nothing there is a gateway's: so many files were looked into, and this one was not.
    case nothing(files: Int, passedOver: (path: String, cause: UnreadFile)?)
    /// What was asked for is not there, but these are.
    case notThere(Installation.Kind?, interface: String?, [String])
    /// These are there, of one kind or of several.
    case several([String], count: Int, differInKind: Bool)

    /// For whoever develops.
    public var description: String { prose.description }

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
        case .notThere(let kind, let interface, let options):
            "there is none for \(Self.asked(kind, interface)) here; there is \(options.joined(separator: ", "))"
        case .several(let options, let count, true):
            """
            there are \(count) gateways here: \(options.joined(separator: ", ")); \
            choose with \(.input(.origin)) KIND, or name one of them
            """
        case .several(let options, let count, false):
            """
            there are \(count) gateways here: \(options.joined(separator: ", ")); \
            choose with \(.input(.interface)) NAME, or name its file
            """
        }
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
            (kind == nil || $0.kind == kind) && (interface == nil || $0.interface == nil || $0.interface == interface)
        }
        guard chosen.count == 1, let candidate = chosen.first else {
            throw Self.unclear(all, chosen, files, kind, interface)
        }
        do { self = try candidate.read() } catch { throw .faults(error) }
        let others = all.filter { $0.file != candidate.file || $0.interface != candidate.interface }.map(\.description)
        let what = WgQuickConfig.Place(line: 1, column: 1, file: candidate.file)
        gateway.note(what, .taken(candidate.description, peers: peerCount))
        for other in abridged(others, "gateway") { gateway.note(what, .notTaken(other)) }
        for passed in files.passedOver.prefix(maximumTold) {
            let place = WgQuickConfig.Place(line: 1, column: 1, file: passed.path)
            gateway.note(place, .notLookedInto(passed.cause))
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
        return programs + Configurations.candidates(in: files).filter { !written.contains($0.file) }
    }

    private static func unclear(
        _ all: [ForeignCandidate], _ chosen: [ForeignCandidate], _ files: ForeignFiles, _ kind: Kind?,
        _ interface: String?
    ) -> InstallationError {
        if all.isEmpty {
            let faults = (files.configurations.map(\.fault) + files.json.map(\.fault)).compactMap(\.self)
            if !faults.isEmpty { return .faults(ProfileErrors(faults.flatMap(\.errors))) }
            let count = files.files.count + files.databases.count
            return .nothing(files: count, passedOver: files.passedOver.first)
        }
        let options = abridged((chosen.isEmpty ? all : chosen).map(\.description), "gateway")
        if chosen.isEmpty {
            // What was asked for may be there, and wrong.
            let faulty = files.configurations.first {
                $0.fault != nil && Configurations.interface(of: $0.file) == interface
            }
            if let fault = faulty?.fault, interface != nil { return .faults(fault) }
            return .notThere(kind, interface: interface, options)
        }
        return .several(options, count: chosen.count, differInKind: Set(chosen.map(\.kind)).count > 1)
    }
}

extension ForeignFiles.Parsed {
    var fault: ProfileErrors? {
        if case .failure(let errors) = result { errors } else { nil }
    }
}
