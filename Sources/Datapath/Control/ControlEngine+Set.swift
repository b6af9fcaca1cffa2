// What `set=1` changes, and when it has come into force.

import Glibc
import NetTypes
import UAPI
import WireGuardProtocol

extension ControlEngine {
    /// Carries a change out, and calls `answer` with 0 or the errno of the first thing that could not be done, once what was
    /// before is over: no worker has a packet in hand any more, in either direction, that it looked up before the change.
    ///
    /// Whoever changes a firewall as well, which knows peers by their addresses, can so keep new rules from meeting packets of those
    /// who had the addresses before: take them, wait for the answer, change the rules, give them. Giving waits too, for packets
    /// in TUN's queue that passed the old rules. `sockets` changes port and mark; it goes first, since others can refuse only that.
    func set(_ change: SetRequest, sockets: @escaping (SetRequest) -> Int32, answer: @escaping (Int32) -> Void) {
        let carryOut = { [unowned self] in
            let code: Int32
            do throws(AWGFault) {
                // As a whole, and before anything is changed.
                let dialects = try device.dialects(changedBy: change.interface.awg.all)
                let refusal = device.mayHave(dialects) && change.isSound ? sockets(change) : EINVAL
                code = refusal != 0 ? refusal : apply(change, dialects)
            } catch {
                code = EINVAL
            }
            barrier { answer(code) }
        }
        if change.givesAddresses { barrier(then: carryOut) } else { carryOut() }
    }

    private func apply(_ change: SetRequest, _ dialects: [AWGParameters]) -> Int32 {
        let moment = clock()
        do throws(ConfigurationError) { try device.setDialects(dialects) } catch { return EINVAL }
        if let key = change.interface.privateKey { perform { $0.setPrivateKey(key, now: moment, into: &effects) } }
        if change.interface.replacePeers { perform { $0.removeAllPeers(into: &effects) } }
        for (number, peer) in change.peers.enumerated() {
            // Else each of many changes of the allowed IPs would leave its predecessor's nodes to the end.
            if number & 255 == 255 { reclaim() }
            effects.removeAll()
            do throws(ConfigurationError) {
                try device.configure(peer, now: moment, into: &effects)
            } catch {
                carryOut()
                return ENOMEM
            }
            carryOut()
        }
        return 0
    }
}

extension SetRequest {
    /// Whether no peer is to begin in a dialect that no interface has, and keepalives are from some second to the same or a later one.
    fileprivate var isSound: Bool {
        peers.allSatisfy { peer in
            let keepalive = peer.persistentKeepalive ?? 0
            return peer.dialect.map { $0 <= Dialect.most } ?? true
                && keepalive.lower <= keepalive.upper && (keepalive.lower > 0 || keepalive.upper == 0)
        }
    }

    /// Whether some peer gets an allowed IP.
    fileprivate var givesAddresses: Bool { peers.contains { $0.allowedIPs.contains { !$0.isRemoval } } }
}
