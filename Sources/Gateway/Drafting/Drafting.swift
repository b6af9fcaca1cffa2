internal import BoxModel
public import SiteModel
public import Storage

/// What a command that changes the site came to.
public struct Draft: Sendable {
    /// The newest revision: the new one, or the one that was there if nothing differs.
    public let stored: StoredSite
    /// Whether a revision was made.
    public let isNew: Bool
    /// What was found out and chosen, and hints.
    public let notices: [Notice]
}

extension ControlPlane {
    /// Makes the site whole, then does as `write`.
    func record(
        _ draft: Site, after previous: StoredSite?, keys: SiteKeys? = nil, kind: Revision.Kind = .draft, why: String,
        notices: [DraftNotice] = []
    ) throws -> Draft {
        var site = draft
        let before = previous?.site
        var choices = SiteChoices(SiteChoices.asksBox(site, after: before) ? try box.facts() : BoxFacts())
        try choices.complete(&site, after: before)
        return try write(
            site, after: previous, keys: keys, kind: kind, why: why, notices: notices + choices.notices)
    }

    /// Gives the site its keys, checks it, and writes it as a new revision unless it is equal to the newest.
    ///
    /// Called under the lock. Nothing is left to choose. `keys` holds what the command sealed already.
    func write(
        _ whole: Site, after previous: StoredSite?, keys: SiteKeys? = nil, kind: Revision.Kind = .draft, why: String,
        notices: [DraftNotice]
    ) throws -> Draft {
        var site = whole
        let notices = notices.map { Notice.drafting($0) }
        var keys = keys ?? SiteKeys(revisions: revisions, random: random)
        try keys.complete(&site, previous: previous?.site)
        let problems = site.problems()
        guard problems.isEmpty else { throw GatewayError.invalid(problems) }
        if let previous, previous.site == site { return Draft(stored: previous, isNew: false, notices: notices) }
        let note = RevisionNote(who: request.who, why: why, kind: kind, at: clock.now())
        let stored = try revisions.append(site, note, secrets: keys.secrets, after: previous)
        return Draft(stored: stored, isNew: true, notices: notices)
    }

    /// Makes of the newest site what `change` makes of it.
    func draft(
        why: String, _ change: (inout Site, inout SiteKeys) throws -> Void
    ) throws(GatewayError) -> Draft {
        try locked {
            let previous = try newest()
            var site = previous.site
            var keys = SiteKeys(revisions: revisions, random: random)
            try change(&site, &keys)
            return try record(site, after: previous, keys: keys, why: why)
        }
    }

    /// Takes a whole profile in place of the newest site. Peers that are named in both keep the keys that were made for
    /// them.
    public func take(_ profile: Site, why: String) throws(GatewayError) -> Draft {
        try locked {
            let previous = try revisions.newest()
            var site = profile
            // Forwarding is on by now because wggw turned it on, so the box cannot be asked again.
            site.otherForwarding = site.otherForwarding.completed(by: previous?.site.otherForwarding)
            return try record(site, after: previous, kind: .imported, why: why, notices: SiteChoices.hints(site))
        }
    }
}
