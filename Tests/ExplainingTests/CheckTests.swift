import Compiler
import Explaining
import NetTypes
import SiteModel
import SiteSamples
import Testing

/// A site's own checks: in the profile, and judged.
@Suite struct CheckTests {
    private static let profile = """
        [lan]
        subnets = ["192.168.1.0/24"]

        [tunnel]
        addresses = ["192.168.2.254/24"]

        [peers.guest]
        addresses = ["192.168.2.2"]
        allow = ["192.168.1.10:443/tcp"]

        [[check]]
        from = "guest"
        to = "192.168.1.10:443"
        expect = "allow"

        [[check]]
        from = "guest"
        to = "192.168.1.0/24"
        expect = "deny"

        """

    @Test func `they are read, and written as they were`() throws {
        let site = try Site.parse(Self.profile, file: "p")
        #expect(
            site.checks.map(\.description) == ["guest → 192.168.1.10:443/tcp: allow", "guest → 192.168.1.0/24: deny"])
        #expect(try Site.parse(site.profileText(), file: "p") == site)
    }

    @Test(arguments: [
        (
            "from = \"guest\"\nto = \"192.168.1.10:99999\"",
            "p:18:6: check: 192.168.1.10:99999: a port is a number from 1 to 65535"
        ),
        ("from = \"guest\"", "p:16:3: check.to: is missing"),
        (
            "from = \"gest\"\nto = \"192.168.1.10\"",
            "p:16:3: check: gest → 192.168.1.10: no peer is called gest; did you mean guest?"
        ),
        (
            "from = \"guest\"\nto = \"192.168.1.10\"\nexpect = \"yes\"",
            "p:19:10: check.expect: \"yes\": is none of allow, deny"
        ),
        ("from = \"guest\"\nto = \"192.168.1.10\"\nwhy = \"so\"", "p:19:1: check.why: unknown key"),
    ])
    func `what is wrong is said, with its place`(check: String, message: String) {
        let text =
            Self.profile.split(separator: "\n", omittingEmptySubsequences: false).prefix(15).joined(separator: "\n")
            + "\n[[check]]\n\(check)\n"
        do {
            _ = try Site.parse(text, file: "p")
            Issue.record("it was taken")
        } catch { #expect(error.lines.contains { $0.hasPrefix(message) }, "\(error.lines)") }
    }

    @Test func `each is judged by the rules, with both lines`() throws {
        let site = Lab.site { site in
            var guest = Lab.peer("guest", 2, ["192.168.2.2"])
            guest.policy = Policy(allow: [AccessRule("192.168.1.10:443/tcp")!])
            site.peers.append(guest)
            site.checks = [
                Check(try! Flow(from: "guest", to: "192.168.1.10:443"), .allow),
                Check(try! Flow(from: "laptop", to: "192.168.1.10"), .deny),
                Check(try! Flow(from: "guest", to: "192.168.1.10"), .allow),
                Check(try! Flow(from: "192.168.1.10", to: "laptop:22"), .allow),
                Check(try! Flow(from: "laptop", to: "1.1.1.1"), .deny),
            ]
        }
        let results = judge(checksOf: site, try compile(site, secrets: Lab.secrets, surroundings: Surroundings()))
        #expect(results.map(\.holds) == [true, false, false, true, true])
        let lines = site.profileText().split(separator: "\n", omittingEmptySubsequences: false)
        let broken = results[1]
        #expect(lines[broken.place!.line - 1] == "[[check]]" && lines[broken.place!.line] == "from = \"laptop\"")
        #expect(lines[broken.decidedAt!.line - 1] == "[peers.laptop]")
    }
}
