// The fuzzers, all in one program: scripts/fuzz builds and runs it.

import CFuzzer
import Glibc

/// `Fuzz TARGET [libFuzzer's flags and corpus directories]`
@main enum Fuzz {
    /// What each target takes for its bytes stands at its declaration.
    private static func target(_ name: String) -> (@convention(c) (UnsafePointer<UInt8>?, Int) -> Int32)? {
        switch name {
        case "protocol": { ProtocolTarget.shared.run(Input($0, $1)) }
        case "transport": { TransportTarget.shared.run(Input($0, $1)) }
        case "handshake": { HandshakeTarget.run(Input($0, $1)) }
        case "dialects": { DialectTarget.run(Input($0, $1)) }
        case "tun": { TunTarget.shared.run(Input($0, $1)) }
        case "configuration": { ConfigurationTarget.run(Input($0, $1)) }
        case "dump": { DumpTarget.run(Input($0, $1)) }
        case "profile": { ProfileTarget.run(Input($0, $1)) }
        case "lint": { LintTarget.run(Input($0, $1)) }
        case "wg-quick": { WgQuickTarget.run(Input($0, $1)) }
        case "installation": { InstallationTarget.run(Input($0, $1)) }
        default: nil
        }
    }

    static func main() {
        guard CommandLine.arguments.count > 1, let test = target(CommandLine.arguments[1]) else {
            print(
                "usage: Fuzz protocol|transport|handshake|dialects|tun|configuration|dump|profile|wg-quick|lint|installation "
                    + "[FLAG|DIRECTORY]…")
            exit(64)
        }
        var count = Int32(CommandLine.arguments.count - 1)
        // libFuzzer replaces this list and keeps pointers into it, so it lives as long as the process.
        let arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: Int(count) + 1)
        arguments.initialize(repeating: nil, count: Int(count) + 1)
        for (i, text) in CommandLine.arguments.dropFirst().enumerated() { arguments[i] = strdup(text) }
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = arguments
        exit(LLVMFuzzerRunDriver(&count, &list, test))
    }
}

/// Ends the process with a finding.
func finding(_ what: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
    fatalError("finding: \(what)", file: file, line: line)
}

/// A finding unless `condition` holds.
func expect(
    _ condition: @autoclosure () -> Bool, _ what: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) {
    if !condition() { finding(what(), file: file, line: line) }
}
