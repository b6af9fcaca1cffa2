import BoxModel
import BoxTwin
import GatewaySamples
import Glibc
import NetTypes
import Synchronization

@testable import Gateway

/// A command that is told to stop once its box has carried out so many changes.
final class Told: Sendable {
    let isDisregarded = Mutex(false)
    private let box: SimulatedBox
    private let after: Int

    init(_ box: SimulatedBox, after: Int) {
        self.box = box
        self.after = after
    }

    var stop: StopRequest {
        StopRequest(
            signal: { self.box.performed.count >= self.after ? "SIGINT" : nil },
            disregard: { self.isDisregarded.withLock { $0 = true } })
    }
}

/// A box on which the process dies at one change: everything from there on does not happen.
final class DyingBox: Box {
    struct Death: Error {}

    private let box: SimulatedBox
    private let at: Int
    private var count = 0

    init(_ box: SimulatedBox, at: Int) {
        self.box = box
        self.at = at
    }

    var isDead: Bool { count > at }

    private static let death = BoxError(.init(.look, .box), .process(.said("the process was killed")))

    func observe(_ scope: Scope) throws(BoxError) -> ObservedState {
        if isDead { throw Self.death }
        return try box.observe(scope)
    }

    func facts() throws(BoxError) -> BoxFacts { try box.facts() }
    func networks(reaching: [IPPrefix]?) throws(BoxError) -> BoxNetworks { try box.networks(reaching: reaching) }
    func hasIPv6(_ interface: String) throws(BoxError) -> Bool { try box.hasIPv6(interface) }
    func links() throws(BoxError) -> [String: UInt32] { try box.links() }
    func addresses(of name: String) throws(BoxError) -> [IPAddress] { try box.addresses(of: name) }

    func perform(_ change: Change) throws(BoxError) {
        count += 1
        if isDead { throw Self.death }
        try box.perform(change)
    }
}
