internal import BoxModel
internal import LinuxNet

/// Keeps what the firewall refuses, where the site says so.
struct DeniedKeeper {
    private var packets: DeniedPackets?
    private let record = DeniedRecord()
    /// What went wrong last.
    private var failure: BoxError?

    /// Readable when there is something to keep; -1 where nothing is kept.
    var descriptor: Int32 { packets?.descriptor ?? -1 }

    /// Begins or ends, as the site says now; what was kept goes where nothing is kept any more. Returns what is new to say of it.
    mutating func set(_ isWanted: Bool) -> BoxError? {
        guard isWanted else {
            if packets != nil { record?.remove() }
            (packets, failure) = (nil, nil)
            return nil
        }
        if packets != nil { return nil }
        do throws(BoxError) { packets = try DeniedPackets(for: .service) } catch { return note(error) }
        return nil
    }

    /// Keeps what there is, without waiting. What cannot be written is lost. Returns what is new to say of it.
    mutating func keep() -> BoxError? {
        var denied: [DeniedPacket] = []
        packets?.read { if case .denied(let packet) = $0 { denied.append(packet) } }
        if denied.isEmpty { return nil }
        do throws(BoxError) { try record?.append(denied) } catch { return note(error) }
        failure = nil
        return nil
    }

    private mutating func note(_ failure: BoxError) -> BoxError? {
        if failure == self.failure { return nil }
        self.failure = failure
        return failure
    }
}
