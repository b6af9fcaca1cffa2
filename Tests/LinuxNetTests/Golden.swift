import Foundation
import Testing

/// A text that the box gave once and has to give again; `WGGW_RECORD=1` takes what it gives now.
struct Golden {
    private let file: URL

    /// `Goldens/NAME.box`
    init(_ name: String) {
        file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens/\(name).box")
    }

    /// Compares, or records.
    func check(_ text: String) throws {
        if ProcessInfo.processInfo.environment["WGGW_RECORD"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text, "\(file.lastPathComponent)")
    }
}
