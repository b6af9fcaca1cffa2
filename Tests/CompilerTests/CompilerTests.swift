import NetTypes
import SiteModel
import Testing

@testable import Compiler

@Test func theSiteOfTheSlides() throws {
    let state = try compile(Lab.site(), secrets: Lab.secrets)
    #expect(state.wireGuard.peers.map(\.allowedIPs) == [[IPPrefix("192.168.2.1/32")!]])
    let observed = ObservedState(kernelHasWireGuard: true, sysctls: ["net/ipv4/ip_forward": 0])
    let plan = try diff(state, observed)
    #expect(plan.text.hasPrefix("+ firewall table inet wggw: 34 rules, 4 set elements\n+ interface wg0 (kernel)\n"))
    #expect(plan.changes.last == .setSysctl(key: "net/ipv4/ip_forward", value: 1, was: 0))
}
