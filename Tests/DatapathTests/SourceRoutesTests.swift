import CLinux
import Glibc
import NetTypes
import Testing
import WireGuardProtocol

@testable import Datapath

@Suite struct SourceRoutesTests {
    /// Who is heard after he was called stays; who is not is given up.
    @Test func whoWasCalledIsJudgedByWhetherHeIsHeard() throws {
        let routes = try SourceRoutes()
        let (a, b) = (PeerIndex(rawValue: 1), PeerIndex(rawValue: 2))
        #expect(routes.wait(at: 5) == nil)
        routes.note(at: 5)
        #expect(routes.wait(at: 5) == 0)
        routes.begin()
        routes.pause(from: 5, to: 6)
        #expect(routes.wait(at: 6) == 301)
        #expect(routes.judge(a, heard: 100) == .call && routes.judge(b, heard: 0) == .call)
        #expect(routes.judge(a, heard: 148) == .leave && routes.judge(b, heard: 0) == .give)
        routes.end()
        #expect(routes.wait(at: .max) == nil && routes.judge(a, heard: 148) == .call)
        // A look that took a second is followed by nine without, whatever comes.
        routes.pause(from: 1_000_000_000, to: 2_000_000_000)
        routes.note(at: 2_000_000_000)
        #expect(routes.wait(at: 2_000_000_000)! > 8_999)
    }

    /// Of the kernel's own routes and addresses, in a network of its own.
    @Test func theKernelTellsWhatLeavesWhere() throws {
        let questions = routes_open()
        try #require(questions >= 0)
        defer { close(questions) }
        var here = udp_endpoint(SocketAddress(IPAddress("127.0.0.1")!, port: 9))
        let loopback = routes_interface_to(questions, &here, 0)
        #expect(loopback == interface_index("lo"))
        here.source = udp_endpoint(SocketAddress(IPAddress("127.0.0.1")!, port: 0)).address
        #expect(routes_has_source(questions, loopback, &here) == 1)
        here.source = udp_endpoint(SocketAddress(IPAddress("192.0.2.77")!, port: 0)).address
        #expect(routes_has_source(questions, loopback, &here) == 0)
        var six = udp_endpoint(SocketAddress(IPAddress("::1")!, port: 9))
        six.source = six.address
        let interface = routes_interface_to(questions, &six, 0)
        if interface > 0 { #expect(routes_has_source(questions, interface, &six) == 1) }
    }
}
