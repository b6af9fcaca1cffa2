import NetTypes

extension LintRule {
    static let ofKeys = [
        LintRule("private and public keys", all: { reportKeys($0, &$1, ofOneFile: true) }),
        LintRule("preshared keys", file: checkPresharedKeys),
    ]

    static func reportKeys(_ set: LintSet, _ report: inout LintReport, ofOneFile: Bool) {
        for found in set.keys.found where found.fault.isOfOneFile == ofOneFile {
            report.add(.key(found.fault), set.files[found.file], found.place)
        }
    }

    private static func checkPresharedKeys(_ file: LintedFile, _ report: inout LintReport) {
        for peer in file.peers {
            guard let place = peer.places.presharedKey, !peer.unread.contains("presharedkey") else { continue }
            guard let key = peer.presharedKey else {
                report.add(.key(.allZero(.presharedKey)), file, place)
                continue
            }
            if let source = PublishedKey.presharedKeys.first(where: { $0.key == key })?.source {
                report.add(.key(.published(.presharedKey, in: source)), file, place)
            }
        }
    }
}

extension KeyFault {
    fileprivate var isOfOneFile: Bool { if case .shared = self { false } else { true } }
}
