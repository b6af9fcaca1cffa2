import NetTypes

extension LintRule {
    static let ofKeys = [
        LintRule("private and public keys", all: reportKeys),
        LintRule("preshared keys", file: checkPresharedKeys),
    ]

    private static func reportKeys(_ set: LintSet, _ report: inout LintReport) {
        for found in set.keys.found where !found.fault.isBetweenFiles {
            report.add(.key(found.fault), set.files[found.file], found.place)
        }
    }

    static func reportSharedKeys(_ set: LintSet, _ report: inout LintReport) {
        for found in set.keys.found where found.fault.isBetweenFiles {
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
    fileprivate var isBetweenFiles: Bool { if case .shared = self { true } else { false } }
}
