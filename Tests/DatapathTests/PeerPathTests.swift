import CLinux
import Glibc
import NetTypes
import Testing

@testable import Datapath

@Suite struct PeerPathTests {
    private func endpoint(from source: UInt64, port: UInt16 = 51820) -> udp_endpoint {
        var endpoint = udp_endpoint(SocketAddress(IPAddress("203.0.113.7")!, port: port))
        endpoint.source = (source, 0)
        return endpoint
    }

    /// Heard at an address by which the way does not leave any more, a peer is answered from another one, and heard all the same.
    @Test func aBarredSourceIsNotLearned() {
        let path = PeerPath()
        path.learn(endpoint(from: 5))
        #expect(path.endpoint.load().source.0 == 5)
        path.bar((5, 0))
        #expect(path.endpoint.load().source.0 == 0)
        path.learn(endpoint(from: 5))
        #expect(path.endpoint.load().source.0 == 0)
        // It is followed elsewhere, and to another of our addresses.
        path.learn(endpoint(from: 5, port: 4711))
        #expect(path.endpoint.load().remote?.port == 4711 && path.endpoint.load().source.0 == 0)
        path.learn(endpoint(from: 6))
        #expect(path.endpoint.load().source.0 == 6)
        path.bar((0, 0))
        path.learn(endpoint(from: 5))
        #expect(path.endpoint.load().source.0 == 5)
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
