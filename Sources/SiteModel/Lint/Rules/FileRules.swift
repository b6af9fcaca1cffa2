import NetTypes

extension LintRule {
    static let ofFiles = [
        LintRule("what wg and wg-quick refuse", file: checkErrors),
        LintRule("who may read or change the file", file: checkExposure),
        LintRule("what means something else than it seems", file: checkRemarks),
    ]

    private static func checkErrors(_ file: LintedFile, _ report: inout LintReport) {
        for error in file.errors {
            report.add(.file(.refused(error.fault)), file, error.place)
        }
        if file.encoding == .utf16 { report.add(.file(.utf16), file, WgQuickConfig.Place()) }
    }

    private static func checkExposure(_ file: LintedFile, _ report: inout LintReport) {
        guard let exposure = file.exposure else { return }
        let start = WgQuickConfig.Place()
        if let writers = exposure.writers {
            report.add(.file(.writable(by: writers, mode: exposure.mode)), file, start)
        } else if let readers = exposure.readers, file.holdsSecrets {
            report.add(.file(.readable(by: readers, mode: exposure.mode)), file, start)
        }
        if let directory = exposure.openDirectory, let replacers = exposure.replacers {
            report.add(.file(.replaceable(directory: directory, by: replacers)), file, start)
        }
    }

    private static func checkRemarks(_ file: LintedFile, _ report: inout LintReport) {
        for (place, remark) in file.config.remarks {
            switch remark {
            case .keyInComment: report.add(.file(.keyInComment), file, place)
            case .secondInterface: report.add(.file(.secondInterface), file, place)
            case .repeated(let key, let reader): report.add(.file(.repeated(key: key, reader: reader)), file, place)
            case .saveConfig(true): report.add(.file(.saveConfig), file, place)
            case .samePeer(let line): report.add(.address(.samePeer(line: line)), file, place)
            case .networkOfOther(let network, let line):
                report.add(.address(.taken(network, line: line)), file, place)
            case .hostBits(let written):
                report.add(.address(.hostBits(written, tunnel: file.tunnelNetwork(in: written))), file, place)
            case .endpoint(let written, let endpoint):
                if case .address(.v6) = endpoint.host, !written.hasPrefix("[") {
                    report.add(.route(.bareIPv6(endpoint)), file, place)
                }
            case .encoding, .table, .saveConfig(false), .searchDomain, .endpointOfOneLink, .networkTwice: break
            }
        }
    }
}

extension LintedFile {
    /// Also where the key is wrong, or in a comment: it may be one but for a character.
    fileprivate var holdsSecrets: Bool {
        !lacks("privatekey") || peers.contains { $0.places.presharedKey != nil }
            || config.remarks.contains { $0.remark == .keyInComment }
    }

    /// The network of the tunnel of which `written`, the address of a host with a mask, takes more than that.
    fileprivate func tunnelNetwork(in written: InterfaceAddress) -> IPPrefix? {
        interface.addresses.map(\.network).first { !$0.isHost && $0.overlaps(written.network) }
    }
}
