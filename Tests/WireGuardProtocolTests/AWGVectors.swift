import CCrypto
import Foundation
import NetTypes
import Testing

@testable import UAPI
@testable import WireGuardProtocol

/// `Vectors/awg.json`: what amneziawg-go sent and took, a being it.
struct AWGVectors: Decodable {
    struct Set: Decodable {
        let name: String
        let uapi: [String]
        let aPrivate, aPublic, bPrivate, bPublic, psk: String
        let handshakes: [Handshake]
        let tricky: [Tricky]?
        let refused: [Refused]?
        let cookie: Cookie?
    }
    struct Handshake: Decodable {
        let initiator: String
        let before: [String]?
        let initiation, response: Wire
        let initiatorIndex, responderIndex: UInt32
        let initiatorEphemeralPrivate, responderEphemeralPrivate: String?
        let tai64n: String
        let keys: Keys
        let data: [Data]
    }
    struct Wire: Decodable {
        let datagram: String
        let message: String?
    }
    struct Keys: Decodable { let initiatorSends, responderSends: String }
    struct Data: Decodable {
        let sender: String
        let counter: UInt64
        let plaintext, datagram: String
    }
    struct Tricky: Decodable {
        let why: String
        let counter: UInt64
        let datagram: String
    }
    struct Refused: Decodable { let why, datagram: String }
    struct Cookie: Decodable {
        let initiation, cookie: String
        let reply: Wire
        let given: Given
    }
    struct Given: Decodable { let first, reply, cookie, next: String }

    let sets: [Set]

    static let all: [Set] = {
        let url = Bundle.module.url(forResource: "awg", withExtension: "json", subdirectory: "Vectors")!
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try! decoder.decode(AWGVectors.self, from: Foundation.Data(contentsOf: url)).sets
    }()
}

extension AWGVectors.Set {
    /// The parameters, read as the configuration protocol has them.
    func parameters() throws -> AWGParameters {
        let text = Array("set=1\n\(uapi.joined(separator: "\n"))\n".utf8)
        let names = InterfaceNames(index: { _ in nil }, name: { _ in nil })
        let request = try text.withUnsafeBytes { bytes throws(UAPIError) in try UAPIRequest(bytes, names: names) }
        guard case .set(let change) = request else { fatalError("no set") }
        return try AWGParameters(change.interface.awg.all[0])
    }
}

/// Forms of sets, for as long as it lives.
final class SomeForms {
    let forms: UnsafePointer<WireForms>
    init(_ sets: [AWGParameters]) { forms = WireForms.allocate(sets) }
    deinit { WireForms.deallocate(forms) }

    /// The handshake messages that a datagram may be.
    func proposals(_ datagram: [UInt8]) -> [(HandshakeProposal, [UInt8])] {
        guard datagram.count >= Message.keepaliveSize else { return [] }
        var masks = [UInt8](repeating: 0, count: 16 * (Dialect.most + 1))
        masks.withUnsafeMutableBytes { masks in
            for number in 1...Dialect.most where forms.pointee[Dialect(rawValue: UInt8(number))].pointee.protectsHeaders
            {
                let form = forms.pointee[Dialect(rawValue: UInt8(number))]
                form.pointee.masks(of: datagram, count: 1, stride: 0, into: masks.baseAddress! + 16 * number)
            }
        }
        return (0..<forms.pointee.handshakeProposals).compactMap { number in
            var message = [UInt8](repeating: 0, count: 148)
            let proposal = forms.pointee.propose(
                number, datagram, count: datagram.count, masks: masks, stride: 16, into: &message)
            return proposal.map { ($0, Array(message.prefix($0.kind.handshakeSize))) }
        }
    }

    /// What the first set's data message says.
    func data(_ datagram: [UInt8]) -> WireForm.DataHeader? {
        let form = forms.pointee[.first]
        var mask: UInt128 = 0
        if form.pointee.protectsHeaders { form.pointee.masks(of: datagram, count: 1, stride: 0, into: &mask) }
        return form.pointee.data(datagram, count: datagram.count, mask: &mask)
    }
}

extension SomeForms {
    /// Whether size and type are those of data of the first set.
    func mayBeData(_ datagram: [UInt8]) -> Bool {
        datagram.count >= Message.keepaliveSize && data(datagram) != nil
    }
}
