/// One expression of the kernel's nf_tables, with the attributes that matter, in host terms.
///
/// Registers are numbers as in `NFT_REG_1` (1…4, 16 bytes each) and `NFT_REG32_00` + n (8…23, 4 bytes each). Bytes are in
/// the order in which they lie in the register. The matches and targets of iptables are said in the same words, see
/// `XtExtension`. wggw makes those above `opaque` alone.
public enum FirewallExpression: Hashable, Sendable {
    /// `meta`: key is `NFT_META_*`.
    case meta(key: UInt32, register: UInt32)
    /// `cmp`: op is `NFT_CMP_*`.
    case compare(op: UInt32, register: UInt32, bytes: [UInt8])
    /// `payload` load: base is `NFT_PAYLOAD_*`, offset and length in bytes.
    case payload(base: UInt32, offset: UInt32, length: UInt32, register: UInt32)
    /// `bitwise` with mask and xor.
    case bitwise(source: UInt32, register: UInt32, mask: [UInt8], xor: [UInt8])
    /// `ct`: key is `NFT_CT_*`; direction is `IP_CT_DIR_*` for a key that has one.
    case conntrack(key: UInt32, register: UInt32, direction: UInt8? = nil)
    /// `lookup` in a set; with `verdictMap` the data goes to the verdict register.
    case lookup(set: String, register: UInt32, inverted: Bool, verdictMap: Bool)
    /// `immediate` verdict.
    case verdict(Verdict)
    /// `masq` without flags.
    case masquerade
    /// `counter` with its values left out: they are not part of what is desired.
    case counter
    /// `fib`: result is `NFT_FIB_RESULT_*`, flags are `NFTA_FIB_F_*`.
    case fib(result: UInt32, flags: UInt32, register: UInt32)
    /// `rt`: key is `NFT_RT_*`.
    case route(key: UInt32, register: UInt32)
    /// `exthdr` load of a TCP option, or write from a register.
    case tcpOption(type: UInt8, offset: UInt32, length: UInt32, register: UInt32, write: Bool)
    /// `byteorder`: op is `NFT_BYTEORDER_*`.
    case byteorder(source: UInt32, register: UInt32, op: UInt32, length: UInt32, size: UInt32)
    /// `reject`: type and code as `NFT_REJECT_*` and `NFT_REJECT_ICMPX_*`.
    case reject(type: UInt32, code: UInt8)
    /// `range`: whether a register lies in one of these.
    case ranges(register: UInt32, [ByteRange], inverted: Bool)
    /// `lookup` in a map whose data goes to another register.
    case map(set: String, source: UInt32, register: UInt32)
    /// `exthdr` load of an IPv6 extension header or an IPv4 option, or with `isPresent` whether there is one. Without a
    /// register it goes on only if there is.
    case extensionHeader(register: UInt32?, isPresent: Bool)
    /// Loads what nobody can know: a random number, a socket's owner.
    case chance(String, register: UInt32)
    /// `immediate` data.
    case data(register: UInt32, bytes: [UInt8])
    /// `meta … set`.
    case setMeta(key: UInt32, register: UInt32)
    /// `ct … set`.
    case setConntrack(key: UInt32, register: UInt32)
    /// `payload` write.
    case setPayload(base: UInt32, offset: UInt32, length: UInt32)
    /// `notrack`.
    case notrack
    /// `nat`, `redir`, or `masq` with flags.
    case translate(Translation)
    /// `limit` of packets a second: goes on below the rate.
    case rate(perSecond: UInt64, burst: UInt32)
    /// `log` to whoever reads a group of nfnetlink_log: so many bytes of the packet.
    case log(group: UInt16, bytes: UInt32)
    /// Any other `limit`, `quota`, `connlimit`, also of a set's element: goes on below a rate or number, or above it.
    case limit(over: Bool)
    /// Has no say in what becomes of a packet: `log` to the system's log, a helper, a time-out.
    case effect(String)
    /// A match that cannot be judged: it goes on, or it does not. It may load any register.
    case condition(String)
    /// An expression that may do anything: go on or not, accept, drop.
    case opaque(String)
}

/// Bytes from one value to another, inclusive, compared as the kernel does: the first byte counts most.
public struct ByteRange: Hashable, Sendable {
    /// As many as `upper`.
    public var lower: [UInt8]
    /// As many as `lower`.
    public var upper: [UInt8]

    /// Makes a range.
    public init(_ lower: [UInt8], _ upper: [UInt8]) {
        self.lower = lower
        self.upper = upper
    }

    /// One value.
    public init(_ value: [UInt8]) { self.init(value, value) }
}

/// What a rule makes of a packet's addresses.
public struct Translation: Hashable, Sendable {
    /// What is translated.
    public enum Kind: String, Hashable, Sendable { case source = "snat", destination = "dnat", masquerade, redirect }

    /// Which of them.
    public var kind: Kind
    /// The register with the lowest address that is taken; nil leaves it.
    public var address: UInt32?
    /// The register with the lowest port; nil leaves it.
    public var port: UInt32?

    /// Makes a translation.
    public init(_ kind: Kind, address: UInt32? = nil, port: UInt32? = nil) {
        self.kind = kind
        self.address = address
        self.port = port
    }
}
