import NetTypes
import Synchronization

@testable import WireGuardProtocol

/// Data in and out in each dialect, one datagram at a time: what workers do for many.
extension Node {
    /// A data message in the keypair's dialect.
    func seal(_ payload: [UInt8], _ keypair: UnsafeMutablePointer<Keypair>, _ counter: UInt64) -> [UInt8] {
        let form = device.tables.forms.pointee[keypair.pointee.dialect]
        var padded = payload
        if let zeros = form.pointee.padding(forLongest: payload.count, random.next()) {
            padded += [UInt8](repeating: 0, count: zeros)
        } else {
            while padded.count % Limits.paddingMultiple != 0 { padded.append(0) }
        }
        var message = [UInt8](repeating: 0, count: padded.count + form.pointee.dataOverhead)
        message.withUnsafeMutableBytes {
            let start = $0.baseAddress!
            form.pointee.writeData(start, receiver: keypair.pointee.remoteIndex, counter: counter, &random)
            aead.seal(
                start + form.pointee.dataPrefix + 16, from: padded, length: padded.count,
                key: keypair.pointee.sendingKey, counter: counter)
            guard form.pointee.protectsHeaders else { return }
            var mask: UInt128 = 0
            form.pointee.protectData(start, count: $0.count, stride: $0.count, masks: &mask)
        }
        return message
    }

    /// The keypair whose data the datagram is, and its header: what sorting comes to, one datagram at a time.
    func sortData(_ bytes: [UInt8]) -> (KeypairSlot, WireForm.DataHeader)? {
        let (tables, forms) = (device.tables, device.tables.forms)
        func live(_ header: WireForm.DataHeader?, _ dialect: Dialect) -> (KeypairSlot, WireForm.DataHeader)? {
            guard let header, case let slot = tables.slot(receiving: header.index), slot != 0,
                forms.pointee.agrees(dialect, with: tables.keypair(slot).pointee.dialect),
                tables.keypair(slot).pointee.mayReceive(now: wire.time)
            else { return nil }
            return (slot, header)
        }
        guard bytes.count >= Message.keepaliveSize else { return nil }
        let dialects = (0...UInt8(forms.pointee.count)).map(Dialect.init)
        for dialect in dialects {
            let form = forms.pointee[dialect]
            var mask: UInt128 = 0
            if form.pointee.protectsHeaders { form.pointee.masks(of: bytes, count: 1, stride: 0, into: &mask) }
            if let data = live(form.pointee.data(bytes, count: bytes.count, mask: &mask), dialect) { return data }
        }
        for dialect in dialects {
            let header = forms.pointee[dialect].pointee.prefixlessKeepalive(bytes, count: bytes.count)
            if let data = live(header, dialect) { return data }
        }
        return nil
    }
}
