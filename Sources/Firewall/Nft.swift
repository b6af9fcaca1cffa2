/// What nf_tables and wggw agree on in numbers: include/uapi/linux/netfilter/nf_tables.h, unless another file is named.
package enum Nft {
    /// `NFT_META_*`
    package enum Meta {
        package static let (etherType, mark): (UInt32, UInt32) = (1, 3)
        package static let (input, output): (UInt32, UInt32) = (4, 5)
        package static let (inputName, outputName): (UInt32, UInt32) = (6, 7)
        package static let (inputType, outputType): (UInt32, UInt32) = (8, 9)
        package static let (family, transport): (UInt32, UInt32) = (15, 16)
        package static let packetType: UInt32 = 19
        package static let (inputGroup, outputGroup): (UInt32, UInt32) = (21, 22)
    }

    /// `NFT_CMP_*`
    package enum Compare {
        package static let (equal, notEqual): (UInt32, UInt32) = (0, 1)
        package static let (less, lessOrEqual, greater, greaterOrEqual): (UInt32, UInt32, UInt32, UInt32) = (2, 3, 4, 5)
    }

    /// `NFT_PAYLOAD_*`
    package enum Payload {
        package static let (network, transport): (UInt32, UInt32) = (1, 2)
    }

    /// `NFT_CT_*`
    package enum Conntrack {
        package static let (state, direction, status, mark): (UInt32, UInt32, UInt32, UInt32) = (0, 1, 2, 3)
        package static let (family, transport): (UInt32, UInt32) = (7, 10)
    }

    /// Bits of `ct state` (`NF_CT_STATE_BIT` of linux/netfilter/nf_conntrack_common.h), and of `ct status`.
    package enum ConnectionState {
        package static let (invalid, established, related, new): (UInt32, UInt32, UInt32, UInt32) = (1, 2, 4, 8)
        package static let untracked: UInt32 = 64
        /// `IPS_SRC_NAT`, `IPS_DST_NAT`
        package static let (sourceNAT, destinationNAT): (UInt32, UInt32) = (1 << 4, 1 << 5)
    }

    /// `NFT_BYTEORDER_*`
    package enum Byteorder {
        package static let hostToNetwork: UInt32 = 1
    }

    /// `NFT_RT_*`
    package enum Route {
        package static let tcpMSS: UInt32 = 3
    }

    /// `NFT_FIB_RESULT_*` and `NFTA_FIB_F_*`
    package enum Fib {
        package static let (outputName, addressType): (UInt32, UInt32) = (2, 3)
        package static let (source, destination): (UInt32, UInt32) = (1, 2)
        package static let (input, output, present): (UInt32, UInt32, UInt32) = (8, 16, 32)
    }

    /// `RTN_*` of linux/rtnetlink.h: what an address is to this host.
    package enum AddressType {
        package static let (unicast, local): (UInt32, UInt32) = (1, 2)
    }

    /// `NFT_DATA_VERDICT`: a set with this data type maps to verdicts.
    package static let verdictData: UInt32 = 0xffff_ff00

    /// Connection tracking's priority at its hooks (`NF_IP_PRI_CONNTRACK`): chains before it see no connection.
    package static let conntrackPriority: Int32 = -200

    /// A number as it lies in a register that the kernel fills in host order.
    package static func native(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

    /// An interface's name as it lies in a register, and is compared: all of its 16 bytes.
    package static func padded(_ interface: String) -> [UInt8] {
        let name = Array(interface.utf8.prefix(15))
        return name + Array(repeating: 0, count: 16 - name.count)
    }
}

extension FirewallTable.Family {
    /// `NFPROTO_*` of linux/netfilter.h, which Swift cannot import beside glibc's own netinet/in.h.
    public var number: UInt8 {
        switch self {
        case .inet: 1
        case .ip: 2
        case .ip6: 10
        }
    }

    /// nil for families that wggw does not look at: arp, bridge, netdev.
    public init?(number: UInt8) {
        guard let family = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = family
    }
}

extension FirewallChain.Hook.Point {
    /// By their number (`enum nf_inet_hooks`).
    package static let numbered: [Self] = [.prerouting, .input, .forward, .output, .postrouting, .ingress]

    /// `NF_INET_*`
    public var number: UInt32 { UInt32(Self.numbered.firstIndex(of: self)!) }
}

extension Verdict {
    /// `NF_ACCEPT`, `NF_DROP`, and nf_tables' own below zero (`enum nft_verdicts`).
    public var code: Int32 {
        switch self {
        case .drop: 0
        case .accept: 1
        case .continue: -1
        case .jump: -3
        case .goto: -4
        case .return: -5
        }
    }

    /// nil for a code that is neither: queued, stolen.
    public init?(code: Int32, chain: String) {
        switch code {
        case 0: self = .drop
        case 1: self = .accept
        case -1: self = .continue
        case -3: self = .jump(chain)
        case -4: self = .goto(chain)
        case -5: self = .return
        default: return nil
        }
    }
}

extension FirewallSet.KeyType {
    /// The number by which nft prints the type (`enum datatypes` in its datatype.h).
    public var number: UInt32 {
        switch self {
        case .ipv4: 7
        case .ipv6: 8
        case .transport: 12
        case .port: 13
        }
    }

    /// Bytes in a concatenation, where every field fills whole 32-bit registers.
    public var paddedLength: Int { (length + 3) & ~3 }

    /// The types in a set's key type: 6 bits each, the first one highest. Empty if one is unknown to wggw.
    package static func list(_ number: UInt32) -> [FirewallSet.KeyType] {
        var types: [FirewallSet.KeyType] = []
        var rest = number
        while rest != 0 {
            guard let type = allCases.first(where: { $0.number == rest & 63 }) else { return [] }
            types.insert(type, at: 0)
            rest >>= 6
        }
        return types
    }
}

extension [FirewallSet.KeyType] {
    /// A set's key type as nft numbers it.
    public var number: UInt32 { reduce(0) { $0 << 6 | $1.number } }

    /// Bytes of a key.
    public var keyLength: Int { count == 1 ? self[0].length : reduce(0) { $0 + $1.paddedLength } }
}
