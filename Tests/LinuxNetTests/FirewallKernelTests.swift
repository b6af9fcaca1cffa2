import CMnl
import Compiler
import Glibc
import NetTypes
import Testing

@testable import LinuxNet

/// Table `inet wggw` on the kernel of this machine.
@Suite struct FirewallKernelTests {
    @Test func `what is replaced is what is observed`() throws {
        try inNetworkNamespace {
            let box = LinuxBox()
            #expect(try box.observe(Scope(interface: "wg0")).firewall == nil)
            for _ in 1...2 {
                try box.perform(.replaceFirewall(Sample.firewall, carrying: nil))
                let observed = try #require(try box.observe(Scope(interface: "wg0")).firewall)
                for (a, b) in zip(observed.sets, Sample.firewall.sets) { #expect(a == b) }
                for (a, b) in zip(observed.chains, Sample.firewall.chains) { #expect(a == b) }
                #expect(observed == Sample.firewall)
            }
            try box.perform(.removeFirewall)
            try box.perform(.removeFirewall)
            #expect(try box.observe(Scope(interface: "wg0")).firewall == nil)
        }
    }
}
