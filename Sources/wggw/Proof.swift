import ArgumentParser
import Gateway
import Glibc
import NetTypes
import System

/// `--prove`, of an apply that confirms itself.
struct ProveOption: ParsableArguments {
    @Option(
        name: .customLong("prove"),
        help: ArgumentHelp(
            "Go back after so many seconds (60 if none are named) unless the profile's checks hold on the box, and every peer that had a session has one again.",
            valueName: "seconds"))
    var seconds: Int64?

    @Flag(help: "With --prove: ask the checks' hosts as well.")
    var live = false

    func validate() throws {
        if let seconds, !(5...86_400).contains(seconds) {
            throw ValidationError("--prove \(seconds): it is 5 to 86400 seconds")
        }
        if live && seconds == nil { throw ValidationError("--live asks the checks' hosts, for --prove") }
    }

    /// A number behind every `--prove`: the parser knows no option that may do without.
    static func complete(_ arguments: [String]) -> [String] {
        arguments.indices.flatMap { i in
            guard arguments[i] == "--prove" else { return [arguments[i]] }
            let isNumbered = i + 1 < arguments.count && Int64(arguments[i + 1]) != nil
            return isNumbered ? [arguments[i]] : [arguments[i], "60"]
        }
    }
}

extension CommonOptions {
    /// Waits until what was applied is proved, and confirms it; or goes back, and says what is missing.
    func prove(_ report: ApplyReport, connectedBefore: Set<PublicKey>, asksHosts: Bool) throws {
        let control = try reader("confirm", stop: .none)
        while true {
            let missing = try control.unproved(connectedBefore: connectedBefore, asksHosts: asksHosts)
            // Nothing waits where the box was as it should be.
            guard report.confirmWithin != nil else {
                if missing.isEmpty { return note("proved") }
                throw GatewayError.unproved(revision: report.revision ?? 0, missing, isBack: false)
            }
            if missing.isEmpty {
                return note("proved: \(stays(try undisturbed { try control.confirm() }))")
            }
            let left = try control.secondsToConfirm() ?? 0
            if left <= 1 || NotedSignal.name != nil {
                try goBack(control)
                throw GatewayError.unproved(revision: report.revision ?? 0, missing, isBack: true)
            }
            sleep(1)
        }
    }
}
