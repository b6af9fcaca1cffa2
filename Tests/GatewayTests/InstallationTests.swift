import BoxModel
import GatewaySamples
import Glibc
import NetTypes
import SiteModel
import Storage
import Testing

@testable import Gateway

/// A whole installation on its way into a revision: read from a directory, shown, taken, and exported again.
@Suite struct InstallationTests {
    private let bench = Workbench()
    private let directory = try! ForeignDirectory()
    private let lan = LAN(subnets: [IPPrefix("192.168.1.0/24")!])
    private let gateway = PrivateKey { fill($0, 7) }
    private let phone = PrivateKey { fill($0, 8) }

    private static func fill(_ bytes: UnsafeMutableRawBufferPointer, _ value: UInt8) {
        for i in bytes.indices { bytes[i] = value }
    }

    private func writeWgEasy() throws {
        let preshared = PresharedKey { Self.fill($0, 9) }
        try directory.write(
            "wg0.json",
            """
            {"server": {"privateKey": "\(gateway.exposedBase64)", "publicKey": "", "address": "10.8.0.1"},
             "clients": {"1": {"name": "phone", "address": "10.8.0.2", "privateKey": "\(phone.exposedBase64)",
              "publicKey": "\(PublicKey(of: phone))", "preSharedKey": "\(preshared.exposedBase64)", "enabled": true}}}
            """)
    }

    @Test func exportWorksAgain() throws {
        try writeWgEasy()
        let control = try bench.control()
        let draft = try control.take(
            try readInstallation([directory.path], kind: nil, interface: nil), lan: lan, why: "moved")
        var site = draft.stored.site
        #expect(
            site.tunnel.publicKey == PublicKey(of: gateway) && site.peers.map(\.publicKey) == [PublicKey(of: phone)])
        #expect(
            try control.take(try readInstallation([directory.path], kind: nil, interface: nil), lan: lan, why: "again")
                .isNew == false)
        site.endpoint = Endpoint("vpn.example.org:51820")
        _ = try control.take(site, why: "endpoint")
        let text = try control.export("phone").text
        #expect(text.contains("PrivateKey = \(phone.exposedBase64)"))
        #expect(text.contains("PresharedKey = \(PresharedKey { Self.fill($0, 9) }.exposedBase64)"))
        #expect(text.contains("Address = 10.8.0.2/32"))
    }

    /// What is shown beforehand is what is taken, but for the preshared keys' names; and nothing is sealed or written for it.
    @Test func previewIsTheProfile() throws {
        try writeWgEasy()
        let installation = try readInstallation([directory.path], kind: nil, interface: nil)
        let preview = try previewOfTaking(installation, lan: lan, previous: nil, box: bench.box)
        let draft = try bench.control().take(installation, lan: lan, why: "moved")
        guard case .sealed(let id) = draft.stored.site.peers[0].presharedKey else {
            Issue.record("no preshared key")
            return
        }
        let profile = preview.profile.replacing("sealed:0000000000000000", with: "sealed:\(id)")
        #expect(profile == draft.stored.site.profileText() && profile != preview.profile)
        #expect(preview.notices == draft.notices)
    }

    /// Links lead to files alone, pipes and pictures are passed over, and what is hidden is read.
    @Test func directories() throws {
        try writeWgEasy()
        try directory.write("picture.png", "\u{89}PNG\0\0{")
        try directory.write("log", "")
        truncate(directory.path + "/log", 65 << 20)
        symlink(directory.path, directory.path + "/loop")
        mkfifo(directory.path + "/pipe", 0o600)
        let installation = try readInstallation([directory.path], kind: nil, interface: nil)
        let told = try previewOfTaking(installation, lan: lan, previous: nil, box: bench.box).notices.texts
        #expect(
            installation.kind == .wgEasy14
                && told.contains(
                    "\(directory.path)/log:1:1: was not looked into: \(directory.path)/log: is larger than 64 MB, which is no profile"
                ))
        rename(directory.path + "/wg0.json", directory.path + "/.hidden")
        #expect(try readInstallation([directory.path + "/"], kind: nil, interface: nil).kind == .wgEasy14)
        #expect(throws: GatewayError.self) { try readInstallation([directory.path], kind: .piVPN, interface: nil) }
        #expect(throws: GatewayError.self) {
            try readInstallation([directory.path + "/none"], kind: nil, interface: nil)
        }
    }
}

/// A directory for one test, deleted with it.
final class ForeignDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/wggw-foreign-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    func write(_ name: String, _ text: String) throws {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let bytes = Array(text.utf8)
        guard file >= 0, Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw GatewayError.file(.noText(path: name))
        }
        close(file)
    }

    deinit {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink("\(path)/\(name)")
        }
        closedir(directory)
        rmdir(path)
    }
}
