internal import Compiler
public import Gateway
internal import NetTypes
public import SiteModel
public import Storage

extension Report {
    /// A peer as the site has it; the site may be nil where the peer is.
    public static func listed(_ peer: Peer?, in site: Site?) -> Report {
        Report([
            Field("name", .text(peer?.name)), Field("addresses", .texts(peer?.addresses ?? [])),
            Field("public_key", .text(peer?.publicKey)),
            Field("has_preshared_key", .bool(peer?.presharedKey != PresharedKeyChoice.none)),
            Field("full_tunnel", .bool(peer.flatMap { site?.goesOut($0) } ?? false)),
            Field("group", .text(peer?.group)), Field("allow", peer?.policy.map { .texts($0.allow) } ?? .null),
            Field("routes", .texts(peer?.routes ?? [])), Field("endpoint", .text(peer?.endpoint)),
            Field("keepalive", .number(peer?.keepalive)),
            Field("expires", "UTC, null for never", .text(peer?.expires)),
        ])
    }

    /// A revision in the history. `current`: the one that is on the box. `appliedAt`: when this one was, if ever; seconds since the epoch.
    public static func revision(_ revision: Revision?, current: Int?, appliedAt: Int64?) -> Report {
        let note = revision?.note
        return Report([
            Field("revision", .number(revision?.id)),
            Field("made_at", "seconds since the epoch", .number(note?.at)),
            Field("who", .text(note?.who)), Field("why", .text(note?.why)),
            Field("kind", "draft, import, rollback", .text(note?.kind.rawValue)),
            Field("source", "of a rollback", .number(note?.source)),
            Field("applied_at", "seconds since the epoch, null for never", .number(appliedAt)),
            Field("is_applied", .bool(revision != nil && revision?.id == current)),
            Field("peers", .number(revision?.peers)),
        ])
    }

    /// In which form a revision is shown.
    public enum Form: String, Sendable {
        case profile, state, nft
    }

    /// A revision in one of three forms.
    public static func shown(_ revision: Int?, _ form: Form? = nil, _ text: String = "") -> Report {
        func field(_ own: Form) -> Field {
            Field(own.rawValue, "a text, the one that was asked for", own == form ? .string(text) : nil)
        }
        return Report([Field("revision", .number(revision)), field(.profile), field(.state), field(.nft)])
    }

    /// A section of the profile, and what differs in it.
    public static func section(_ section: ProfileDiff.Section?) -> Report {
        let lines = section?.lines ?? []
        return Report([
            Field("section", .text(section?.title)),
            Field(
                "removed", "lists of lines",
                .texts(lines.compactMap { if case .removed(let text) = $0 { text } else { nil } })),
            Field(
                "added", "lists of lines",
                .texts(lines.compactMap { if case .added(let text) = $0 { text } else { nil } })),
        ])
    }

    /// A peer's side in wg-quick's form.
    public static func configuration(_ export: Export?) -> Report {
        Report([Field("name", .text(export?.name)), Field("conf", .text(export?.text))])
    }

    /// A peer's side in another form.
    public static func export(_ export: Export?, as form: ExportForm? = nil) -> Report {
        Report([
            Field("name", .text(export?.name)), Field("form", .text(form?.name)),
            Field("files", of: export?.files) { file in
                Report([Field("name", .text(file?.name)), Field("text", .text(file?.text))])
            },
        ])
    }
}
