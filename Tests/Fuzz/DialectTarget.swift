// AmneziaWG's templates and parameters as somebody writes them, and datagrams as anybody sends them to whoever has these.

import NetTypes

@testable import WireGuardProtocol

/// An input is a byte of flags and what it is about. Bit 0: the text of a template, or of another parameter by the other bits; else
/// parameters in a fixed form, and datagrams of two bytes of length each.
enum DialectTarget {
    static func run(_ input: Input) -> Int32 {
        var input = input
        let flags = input.byte()
        if flags & 1 != 0 {
            text(
                String(decoding: input.remainder(), as: UTF8.self),
                AWGName.allCases[Int(flags >> 1) % AWGName.allCases.count])
        } else {
            sort(&input)
        }
        return 0
    }

    // MARK: Text

    private static func text(_ text: String, _ name: AWGName) {
        var settings = AWGSettings()
        do throws(AWGFault) { try settings.set(name, text) } catch {
            expect(!error.description.isEmpty, "a fault without words")
            if case .template(_, let fault) = error {
                expect(
                    (1...max(1, text.utf8.count)).contains(fault.column), "column \(fault.column) of \(text.utf8.count)"
                )
            }
            return
        }
        guard let written = settings.exposedText(of: name) else { return }
        var again = AWGSettings()
        do throws(AWGFault) { try again.set(name, written) } catch { finding("what was written is refused: \(error)") }
        expect(again == settings, "what was written reads otherwise")
        for case let template? in settings.signatures { make(template) }
        do throws(AWGFault) {
            let parameters = try AWGParameters(settings)
            let again = try AWGParameters(parameters.settings)
            expect(again == parameters, "parameters that change by being written")
        } catch { expect(!error.description.isEmpty, "a fault without words") }
    }

    private static func make(_ template: AWGTemplate) {
        expect(template.count <= AWGTemplate.mostBytes, "\(template.count) bytes")
        let memory = ExactCopy([UInt8](repeating: 0, count: template.count))
        guard template.count > 0 else { return }
        template.write(memory.start, seconds: 1_700_000_000) {
            for i in $0.indices { $0[i] = UInt8(truncatingIfNeeded: i &* 7) }
        }
    }

    // MARK: Datagrams

    private static func sort(_ input: inout Input) {
        var sets: [AWGParameters] = []
        for _ in 0..<Int(input.byte() % 4) {
            do throws(AWGFault) { sets.append(try AWGParameters(settings(&input))) } catch {
                expect(!error.description.isEmpty, "a fault without words")
            }
        }
        let forms = WireForms.allocate(sets)
        defer { WireForms.deallocate(forms) }
        while !input.isEmpty { look(ExactCopy(input.bytes(min(input.word(), 2048))), forms, sets) }
    }

    private static func settings(_ input: inout Input) -> AWGSettings {
        var lines = AWGSettings()
        let flags = input.byte()
        if flags & 1 != 0 {
            let byte = input.byte()
            lines.headerProtectionKey = .some(HeaderProtectionKey { for i in $0.indices { $0[i] = byte &+ UInt8(i) } })
        }
        lines.randomTrailers = flags & 2 != 0
        if flags & 4 != 0 { lines.contentPadding = AWGRange(UInt16(input.byte()), UInt16(input.byte()) << 2) }
        func prefix() -> UInt16 { UInt16(input.byte()) }
        lines.prefixes = PerMessage(initiation: prefix(), response: prefix(), cookieReply: prefix(), data: prefix())
        func range() -> AWGRange<UInt32>? {
            flags & 8 != 0 ? AWGRange(input.word32(), input.word32()) : AWGRange(UInt32(input.byte()))
        }
        lines.types = PerMessage(initiation: range(), response: range(), cookieReply: range(), data: range())
        return lines
    }

    private static func look(_ datagram: ExactCopy, _ forms: UnsafePointer<WireForms>, _ sets: [AWGParameters]) {
        let count = datagram.memory.count
        guard count >= Message.keepaliveSize else { return }
        let masks = ExactCopy([UInt8](repeating: 0, count: WireForm.maskSize * (Dialect.most + 1)))
        for number in 0...Dialect.most {
            let form = forms.pointee[Dialect(rawValue: UInt8(number))]
            let mask = masks.start + WireForm.maskSize * number
            if form.pointee.protectsHeaders { form.pointee.masks(of: datagram.start, count: 1, stride: 0, into: mask) }
            if let header = form.pointee.data(datagram.start, count: count, mask: mask) {
                expect(header.body + Message.tagSize <= count, "a header of \(header.body) bytes in \(count)")
            }
            if let header = form.pointee.prefixlessKeepalive(datagram.start, count: count) {
                expect(count == 32 && header.body == 16, "a keepalive of \(count) bytes")
            }
        }
        let message = ExactCopy([UInt8](repeating: 0, count: Message.initiationSize))
        for number in 0..<forms.pointee.handshakeProposals {
            let proposal = forms.pointee.propose(
                number, datagram.start, count: count, masks: masks.start, stride: WireForm.maskSize, into: message.start
            )
            guard let proposal else { continue }
            expect(proposal.datagramSize == count && Int(proposal.dialect.rawValue) <= sets.count, "\(proposal)")
            expect(proposal.kind != .data, "data is not proposed as a handshake")
        }
    }
}
