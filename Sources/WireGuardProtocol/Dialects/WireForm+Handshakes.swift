import CCrypto

// Handshake messages, of which a thread has few: whole functions in, and out.

extension WireForm {
    /// Random bytes in front of a message.
    func prefix(of kind: Message.Kind) -> Int {
        switch kind {
        case .initiation: handshakePrefixes.0
        case .response: handshakePrefixes.1
        case .cookieReply: handshakePrefixes.2
        case .data: dataPrefix
        }
    }

    /// What stands in the place of a message's type.
    func types(of kind: Message.Kind) -> Types {
        switch kind {
        case .initiation: handshakeTypes.0
        case .response: handshakeTypes.1
        case .cookieReply: handshakeTypes.2
        case .data: dataTypes
        }
    }

    /// Whether size and type of a datagram of at least 32 bytes are those of a handshake message. `mask`: as for `data`.
    public func fits(_ kind: Message.Kind, _ datagram: UnsafeRawPointer, count: Int, mask: UnsafeRawPointer) -> Bool {
        let prefix = prefix(of: kind)
        let size = prefix + kind.handshakeSize
        guard hasTrailers ? count >= size : count == size else { return false }
        var type = UInt32(littleEndian: (datagram + prefix).loadUnaligned(as: UInt32.self))
        if key != nil { type ^= UInt32(littleEndian: mask.loadUnaligned(as: UInt32.self)) }
        return types(of: kind).contains(type)
    }

    /// Copies the message out of a datagram that `fits`: without prefix, trailer and protection, its type as it is, which mac1 covers.
    public func strip(_ kind: Message.Kind, _ datagram: UnsafeRawPointer, into message: UnsafeMutableRawPointer) {
        let body = datagram + prefix(of: kind)
        if let key {
            wgc_chacha20_xor(message, body, kind.handshakeSize, datagram, key)
        } else {
            message.copyMemory(from: body, byteCount: kind.handshakeSize)
        }
    }

    /// Bytes of random trailer for 64 random bits.
    func trailer(of kind: Message.Kind, _ random: UInt64) -> Int {
        guard hasTrailers else { return 0 }
        return Self.below(max(Self.window - prefix(of: kind) - kind.handshakeSize, 1), random)
    }

    /// Protects a handshake message that is finished, behind its prefix, in its datagram.
    func protect(_ kind: Message.Kind, _ datagram: UnsafeMutableRawPointer) {
        guard let key else { return }
        let message = datagram + prefix(of: kind)
        wgc_chacha20_xor(message, message, kind.handshakeSize, datagram, key)
    }
}
