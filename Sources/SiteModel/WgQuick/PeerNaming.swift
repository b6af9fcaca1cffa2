/// Which peer a comment names. Fed with a file's lines in order.
///
/// A name stands before its peer's section, behind its head, before its first setting, or behind its key or networks; one that is
/// said in so many words may stand before any of its settings. A lone word counts where nothing is between it and the peer, two or
/// three behind its head alone. The first name that was said in so many words wins, else the first. What is commented out with its head, and what is said of
/// `[Interface]` and its settings, names nobody.
struct PeerNaming {
    /// Of the section that is open; nil while nothing calls it anything, and where it is no peer's.
    private(set) var current: PeerComments.Name?
    private var isInPeer = false
    private var hasSettings = false
    /// What the comments since the last setting call whoever comes.
    private var pending: PeerComments.Name?
    /// In a section that is commented out.
    private var isDead = false

    /// A line with nothing on it.
    mutating func blankLine() {
        isDead = false
        if pending?.isExplicit == false { pending = nil }
    }

    /// The head of a section.
    mutating func section(isPeer: Bool) {
        current = isPeer ? pending : nil
        pending = nil
        (isInPeer, hasSettings, isDead) = (isPeer, false, false)
    }

    /// A setting, before the comment behind it.
    mutating func setting() {
        if isInPeer, let pending, pending.isExplicit { offer(pending) }
        pending = nil
        (hasSettings, isDead) = (true, false)
    }

    /// A comment on a line of its own.
    mutating func comment(_ text: Substring) {
        switch PeerComments.kind(of: text) {
        case nil: break
        case .section: (pending, isDead) = (nil, true)
        case .end: (pending, isDead) = (nil, false)
        case .phrase(let name): if isInPeer && !hasSettings && !isDead { offer(name) }
        case .name(let name):
            if isDead { return }
            if isInPeer && !hasSettings { return offer(name) }
            if pending == nil || name.isExplicit && pending?.isExplicit == false { pending = name }
        }
    }

    /// A comment behind the head of a section or behind a setting; `canBeName` where a lone word there is a name.
    mutating func comment(_ text: Substring, canBeName: Bool) {
        guard isInPeer else { return }
        switch PeerComments.kind(of: text) {
        case .name(let name) where name.isExplicit || canBeName: offer(name)
        case .phrase(let name) where !hasSettings: offer(name)
        default: break
        }
    }

    private mutating func offer(_ name: PeerComments.Name) {
        if current == nil || name.isExplicit && current?.isExplicit == false { current = name }
    }
}
