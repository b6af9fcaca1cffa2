/// What the datapath does without: found out at start where the kernel lacks it, or asked for, so that each way is testable.
public struct Fallbacks: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Makes a set from bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// TUN takes and gives single packets only, no TCP super-packets.
    public static let noTunOffload = Fallbacks(rawValue: 1)
    /// TUN has no UDP super-packets (Linux before 6.2).
    public static let noTunUDPOffload = Fallbacks(rawValue: 2)
    /// One datagram a send (no UDP_SEGMENT).
    public static let noSegmentation = Fallbacks(rawValue: 4)
    /// One datagram a receive (no UDP_GRO).
    public static let noReceiveOffload = Fallbacks(rawValue: 8)
    /// Checksums and header protection without AVX-512, and encryption by OpenSSL.
    public static let noAVX512 = Fallbacks(rawValue: 16)
    /// Checksums and header protection without AVX2.
    public static let noAVX2 = Fallbacks(rawValue: 32)

    /// The names, for the command line.
    public static let names: [(String, Fallbacks)] = [
        ("tun-offload", .noTunOffload), ("tun-udp-offload", .noTunUDPOffload), ("udp-gso", .noSegmentation),
        ("udp-gro", .noReceiveOffload), ("avx512", .noAVX512), ("avx2", .noAVX2),
    ]
}
