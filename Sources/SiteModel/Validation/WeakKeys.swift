import NetTypes

extension PublicKey {
    /// No private key gives it: an unset key, most likely.
    static let zero = PublicKey(bytes: [UInt8](repeating: 0, count: 32))!

    /// Whether X25519 with it gives zero, whatever the private key (cr.yp.to/ecdh.html, "How do I validate Curve25519 public keys?"),
    /// so that no handshake comes of it. The highest bit does not count.
    var isOfSmallOrder: Bool {
        var bytes = bytes
        bytes[31] &= 127
        return PublicKey(bytes: bytes).map(Self.ofSmallOrder.contains) ?? false
    }

    private static let ofSmallOrder: Set<PublicKey> = {
        let high = [UInt8](repeating: 0xff, count: 30) + [0x7f]
        let low = [UInt8](repeating: 0, count: 31)
        let ofOrderEight = [
            "4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=", "X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc=",
        ]
        return Set(
            ofOrderEight.map { PublicKey($0)! }
                // 0, 1, p - 1, p, p + 1
                + [[0] + low, [1] + low, [0xec] + high, [0xed] + high, [0xee] + high].map { PublicKey(bytes: $0)! })
    }()
}
