public import Compiler
import NetTypes
public import SiteModel

/// Why a peer's side cannot be written.
public indirect enum ExportingError: Error, Hashable, Sendable {
    /// Of no peer.
    case nothing
    /// A profile cannot hold its preshared key.
    case presharedKey(peer: String)
    /// It has no address in the tunnel.
    case unnumbered(peer: String)
    /// Its own configuration cannot be made.
    case client(ClientConfigError)
    /// It is no gateway with a site of its own.
    case gateway(OtherGatewayError)
    /// No QR code holds so many bytes.
    case tooLong(bytes: Int, most: Int, hasTemplates: Bool)
    /// A line of the terminal does not hold a row of the QR code of so many bytes.
    case tooWide(bytes: Int, columns: Int, has: Int, hasTemplates: Bool)
    /// The tunnel is not dialled at this port, but at these.
    case noSuchPort(UInt16, [UInt16])
    /// The picture of the QR code cannot be made.
    case picture

    /// The fault and the remedy.
    public var prose: Prose {
        switch self {
        case .nothing: "there is nothing to write of any peer"
        case .presharedKey(let peer):
            """
            \(peer) has a preshared key, which a profile cannot hold; \
            \(.peer(peer, .gatewayFile)) writes a file that can
            """
        case .unnumbered(let peer):
            """
            \(peer) has no address in the tunnel, so there is nothing to write for it; \
            give it one with \(.peer(peer, .address)), or set up its side by hand
            """
        case .client(let error): error.prose
        case .gateway(let error): error.prose
        case .tooLong(let bytes, let most, let hasTemplates):
            """
            \(bytes) bytes are too much for a QR code, which holds \(most) at level L; write the file with \(.input(.configuration)) \
            instead\(shorter(hasTemplates))
            """
        case .tooWide(let bytes, let needed, let columns, let hasTemplates):
            """
            the QR code of \(bytes) bytes needs \(needed) columns, and this terminal has \(columns): it would break the lines, and \
            nothing reads that; make the window wider or its letters smaller, or write a picture (--png, --svg)\(shorter(hasTemplates))
            """
        case .noSuchPort(let port, let ports):
            """
            the tunnel is not dialled at port \(port), but at \(ports.map(String.init).joined(separator: ", ")); \
            take one of these, or add it to tunnel.listen-ports
            """
        case .picture: "libpng cannot write the QR code"
        }
    }
}

/// What there is to say of a peer's side that was written.
public enum ExportNotice: Hashable, Sendable {
    /// A profile holds no keys.
    case noKeys
    /// The peer alone has its private key.
    case ownKey(peer: String)
    /// The revision is not on the box; `peer`: that is to connect, nil for all.
    case unapplied(peer: String?)
    /// A peer's could not be written.
    case leftOut(ExportingError)
    /// A QR code has more modules on a side than phones are usually shown.
    case denseCode(bytes: Int, modules: Int, usual: Int, hasTemplates: Bool)

    var prose: Prose {
        switch self {
        case .noKeys: "a profile holds no keys: the other gateway keeps or makes its own private key"
        case .ownKey(let peer): "\(peer) has its own private key; put it into the file where it says so"
        case .unapplied(let peer?): "the newest revision is not applied yet; run \(.apply) before \(peer) connects"
        case .unapplied(nil): "the newest revision is not applied yet; run \(.apply) before they connect"
        case .leftOut(let error): "left out: \(error.prose)"
        case .denseCode(let bytes, let modules, let usual, let hasTemplates):
            """
            note: \(bytes) bytes make a QR code of \(modules) by \(modules) modules, and apps show no more than \(usual); if the phone does not \
            read it, give it the file (\(.input(.configuration)))\(shorter(hasTemplates))
            """
        }
    }
}

/// What else makes a QR code smaller.
private func shorter(_ hasTemplates: Bool) -> String {
    hasTemplates ? ", or take i1 to i5 out of the disguise" : ""
}
