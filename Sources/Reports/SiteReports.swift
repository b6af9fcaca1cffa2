public import Gateway
internal import NetTypes
public import SiteModel
public import Storage

/// A peer as the site has it.
public struct ListedPeerReport: Report {
    let peer: Peer
    let site: Site

    /// Of a peer of this site.
    public init(_ peer: Peer, in site: Site) {
        self.peer = peer
        self.site = site
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("name") { .string($0.peer.name) },
        ReportField("addresses") { .texts($0.peer.addresses) },
        ReportField("public_key") { .text($0.peer.publicKey) },
        ReportField("has_preshared_key") { .bool($0.peer.presharedKey != .none) },
        ReportField("full_tunnel") { .bool($0.site.goesOut($0.peer)) },
        ReportField("group") { .text($0.peer.group) },
        ReportField("allow") { $0.peer.policy.map { .texts($0.allow) } ?? .null },
        ReportField("routes") { .texts($0.peer.routes) },
        ReportField("endpoint") { .text($0.peer.endpoint) },
        ReportField("keepalive") { .number($0.peer.keepalive) },
        ReportField("expires", "UTC, null for never") { .text($0.peer.expires) },
    ]
}

/// A revision in the history.
public struct RevisionReport: Report {
    let revision: Revision
    let current: Int?

    /// `current`: the one that is on the box.
    public init(_ revision: Revision, current: Int?) {
        self.revision = revision
        self.current = current
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("revision") { .number($0.revision.id) },
        ReportField("made_at", "seconds since the epoch") { .number($0.revision.madeAt) },
        ReportField("who") { .string($0.revision.who) },
        ReportField("why") { .string($0.revision.why) },
        ReportField("kind", "draft, import, rollback") { .string($0.revision.kind.rawValue) },
        ReportField("source", "of a rollback") { .number($0.revision.source) },
        ReportField("applied_at", "seconds since the epoch, null for never") { .number($0.revision.appliedAt) },
        ReportField("is_applied") { .bool($0.revision.id == $0.current) },
        ReportField("peers") { .number($0.revision.peers) },
    ]
}

/// A revision, in one of three forms.
public struct ShownRevisionReport: Report {
    /// What is shown of it.
    public enum Form: String, Sendable {
        case profile, state, nft
    }

    let revision: Int
    let form: Form
    let text: String

    /// `text`: what it is in that form.
    public init(revision: Int, _ form: Form, _ text: String) {
        self.revision = revision
        self.form = form
        self.text = text
    }

    /// Its keys.
    public static let fields: [ReportField<Self>] =
        [ReportField("revision") { .number($0.revision) }]
        + [Form.profile, .state, .nft].map { form in
            ReportField(form.rawValue, "a text, the one that was asked for") {
                $0.form == form ? .string($0.text) : nil
            }
        }
}

/// A section of the profile, and what differs in it.
public struct SectionReport: Report {
    let section: ProfileDiff.Section

    /// Of this one.
    public init(_ section: ProfileDiff.Section) { self.section = section }

    /// Its keys.
    public static let fields: [ReportField<Self>] = [
        ReportField("section") { .string($0.section.title) },
        ReportField("removed", "lists of lines") {
            .texts($0.section.lines.compactMap { if case .removed(let text) = $0 { text } else { nil } })
        },
        ReportField("added", "lists of lines") {
            .texts($0.section.lines.compactMap { if case .added(let text) = $0 { text } else { nil } })
        },
    ]
}
