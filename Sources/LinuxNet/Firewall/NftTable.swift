import CMnl
internal import BoxModel
internal import Firewall
import Glibc

/// Changes of table `inet wggw`.
extension NetlinkSocket {
    /// Puts `firewall` in the place of the table in one transaction: no packet sees anything in between.
    mutating func replaceFirewall(
        with firewall: FirewallTable, carrying old: FirewallTable?, flags: UInt32 = 0
    ) throws(BoxError) {
        func write(_ firewall: FirewallTable) throws(BoxError) {
            try NftTableWriter.replacing(with: firewall, carrying: old, flags: flags)
                .commit(on: &self, .init(.replace, .table()))
        }
        do throws(BoxError) { try write(firewall) } catch {
            // Whom nobody tells what is refused is a gateway all the same.
            guard error.code == ENOENT || error.code == EOPNOTSUPP, firewall.logs, try !canLog() else { throw error }
            try write(firewall.withoutLog)
        }
    }

    /// Whether this kernel can log packets to a program: nft_log, nfnetlink_log.
    mutating func canLog() throws(BoxError) -> Bool {
        do throws(BoxError) {
            try NftTableWriter.logging().commit(on: &self, .init(.see, .logging), isTrial: true)
        } catch {
            if error.code == ENOENT || error.code == EOPNOTSUPP { return false }
            throw error
        }
        return true
    }

    /// Deletes the table; one that is not there is no error.
    mutating func removeFirewall() throws(BoxError) {
        do throws(BoxError) { try NftTableWriter.removing().commit(on: &self, .init(.delete, .table())) } catch {
            if error.code != ENOENT { throw error }
        }
    }

    /// Adds and deletes elements in one transaction. What is already so is no error.
    mutating func updateFirewall(_ updates: [SetUpdate]) throws(BoxError) {
        let operation = BoxError.Operation(.update, .table())
        do throws(BoxError) {
            return try NftTableWriter.updating(updates).commit(on: &self, operation)
        } catch {
            // The kernel refuses to delete what is not there, and to add what is there with another verdict.
            guard error.code == ENOENT || error.code == EEXIST || error.code == EBUSY else { throw error }
        }
        // Slowly, then: only what is still to be done, in the generation in which that was found out.
        for attempt in 1...8 {
            let generation = try rulesetGeneration()
            let rest = try remaining(updates)
            do throws(BoxError) {
                return try NftTableWriter.updating(rest, generation: generation).commit(on: &self, operation)
            } catch {
                if error.code != ERESTART || attempt == 8 { throw error }
            }
        }
    }

    /// What of `updates` is not so yet.
    private mutating func remaining(_ updates: [SetUpdate]) throws(BoxError) -> [SetUpdate] {
        var rest: [SetUpdate] = []
        for update in updates {
            guard let now = try elements(of: update.set).map(Set.init) else {
                throw BoxError(.init(.update, .table()), .setChanged(update.set.name))
            }
            rest.append(
                SetUpdate(
                    set: update.set, add: update.add.filter { !now.contains($0) },
                    delete: update.delete.filter { now.contains($0) }))
        }
        return rest
    }
}
