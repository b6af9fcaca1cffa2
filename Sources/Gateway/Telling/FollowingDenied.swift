internal import BoxModel
internal import Explaining
internal import LinuxNet
internal import NetTypes
internal import SiteModel
internal import Storage

extension ControlPlane {
    /// Tells what is refused: by the firewall, with the reason in the profile's words, and by WireGuard itself; until SIGINT, SIGTERM
    /// or SIGHUP, until nobody reads any more what is told, or until the datapath ends.
    ///
    /// `only`: names of peers; empty is everybody and everything. `since`: first what the service has kept from that moment on,
    /// seconds since the epoch; nil is nothing. `follows`: also what is to come. `reader`: the descriptor that it is told to.
    public func followDenied(
        only: [String], since: Int64?, follows: Bool, reader: Int32, _ tell: (LogEntry) -> Void
    ) throws(GatewayError) {
        try wrapping {
            let subject = try logSubject(only: only)
            var judges = DenialJudges(subject.stored, try DenialJudge(subject.site, desiredState(of: subject.stored)))
            func tellDenied(_ packet: DeniedPacket) {
                let denial = judges.judge.denial(of: packet)
                if only.isEmpty || denial.peer.map(only.contains) == true { tell(.denied(denial)) }
            }
            // Before the record is read: what comes meanwhile is not lost, and what is in both is told once.
            let packets = try follows ? DeniedPackets(for: .command) : nil
            if let since {
                guard subject.site.keepsDenied else {
                    throw LogError.notKept
                }
                let kept = try DeniedRecord()?.packets(since: since) ?? []
                for packet in kept where packets?.heard(packet) != true { tellDenied(packet) }
            }
            guard let packets else { return }
            func tellNews() {
                judges.follow(self)
                packets.read {
                    switch $0 {
                    case .missed(let count): tell(.missed(count))
                    case .denied(let packet): tellDenied(packet)
                    }
                }
            }
            try tellEvents(
                of: subject, only: only, remembered: false, follows: true, beside: packets.descriptor,
                reading: tellNews, reader: reader
            ) { entry in
                if case .event(let event, _) = entry, !event.kind.isRefusal { return }
                tell(entry)
            }
        }
    }
}

/// Says why packets were refused, by the revision that is on the box then.
private struct DenialJudges {
    private var revision: Int
    private(set) var judge: DenialJudge

    init(_ stored: StoredSite, _ judge: DenialJudge) {
        revision = stored.revision.id
        self.judge = judge
    }

    /// Goes by another revision once that is on the box.
    mutating func follow(_ control: ControlPlane) {
        // What cannot be read now is judged by what was.
        if let id = try? control.records.current().applied, id != revision,
            let stored = try? control.revisions.revision(id),
            let desired = try? control.desiredState(of: stored)
        {
            (revision, judge) = (id, DenialJudge(stored.site, desired))
        }
    }
}

extension TunnelEvent.Kind {
    /// Whether a packet went no further by it.
    fileprivate var isRefusal: Bool {
        switch self {
        case .refusedPacket, .unsentPacket, .gaveUpHandshake: true
        default: false
        }
    }
}
