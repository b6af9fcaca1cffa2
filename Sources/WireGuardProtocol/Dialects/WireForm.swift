public import CCrypto
import NetTypes

/// How the messages of one dialect look, as the packet's way needs it: numbers, no reference. Plain: no prefix, the types 1…4.
@frozen public struct WireForm {
    /// The types that a message may have: `low` and so many behind it.
    @frozen public struct Types: Sendable {
        @usableFromInline let low: UInt32
        @usableFromInline let span: UInt32

        init(_ range: AWGRange<UInt32>) {
            low = range.lower
            span = range.upper - range.lower
        }

        /// Whether a message may have it.
        @inlinable public func contains(_ type: UInt32) -> Bool { type &- low <= span }

        /// One of them, for 64 random bits.
        @inlinable public func pick(_ random: UInt64) -> UInt32 {
            low &+ UInt32(truncatingIfNeeded: random.multipliedFullWidth(by: UInt64(span) &+ 1).high)
        }
    }

    /// What the header of a data message says, and where its ciphertext begins in the datagram.
    @frozen public struct DataHeader: Sendable {
        /// The receiver index.
        public let index: UInt32
        /// The counter.
        public let counter: UInt64
        /// Bytes before the ciphertext.
        public let body: Int

        /// What was read.
        @inlinable public init(index: UInt32, counter: UInt64, body: Int) {
            self.index = index
            self.counter = counter
            self.body = body
        }
    }

    /// Random bytes in front of a data message.
    public let dataPrefix: Int
    /// Its types.
    public let dataTypes: Types
    /// 32 bytes that protect headers; nil: nothing does. They live as long as the `WireForms`.
    @usableFromInline let key: UnsafeRawPointer?
    /// Zeros behind an inner packet: from `paddingLow` on, `paddingSpan` more at most. `paddingSpan` is negative where it is rounded up.
    @usableFromInline let paddingLow: Int
    @usableFromInline let paddingSpan: Int
    /// Whether handshake messages have random bytes behind them, and data zeros in their place.
    public let hasTrailers: Bool
    /// Random bytes in front of initiation, response and cookie reply.
    let handshakePrefixes: (Int, Int, Int)
    let handshakeTypes: (Types, Types, Types)

    init(_ parameters: AWGParameters, key: UnsafeRawPointer?) {
        dataPrefix = Int(parameters.prefixes.data)
        dataTypes = Types(parameters.types.data)
        self.key = key
        paddingLow = Int(parameters.contentPadding?.lower ?? 0)
        paddingSpan = parameters.contentPadding.map { Int($0.upper - $0.lower) } ?? -1
        hasTrailers = parameters.randomTrailers
        let (prefixes, types) = (parameters.prefixes, parameters.types)
        handshakePrefixes = (Int(prefixes.initiation), Int(prefixes.response), Int(prefixes.cookieReply))
        handshakeTypes = (Types(types.initiation), Types(types.response), Types(types.cookieReply))
    }

    /// Whether headers are protected, so that `data` needs a mask.
    @inlinable public var protectsHeaders: Bool { key != nil }

    /// Whether two messages of the same size may be sealed with different lengths.
    @inlinable public var drawsPadding: Bool { paddingSpan >= 0 || hasTrailers }

    /// Bytes of a data message around its sealed content.
    @inlinable public var dataOverhead: Int { dataPrefix &+ Message.keepaliveSize }

    /// How many masks are made at once, at most: 16 need AVX-512, 8 AVX2, and without either it is one. Before there are threads.
    public static func useLanes(upTo most: Int) { wgc_use_lanes(UInt32(most)) }

    /// Bytes of what covers the header of a data message.
    @inlinable public static var maskSize: Int { Int(WGC_HEADER_MASK) }

    // MARK: Data, on the packet's way

    /// Reads the header that a datagram of `count` bytes has if it is a data message; nil where size or type say that it is none.
    /// `mask`: what `mask(of:…)` gave, where headers are protected.
    @inlinable public func data(_ datagram: UnsafeRawPointer, count: Int, mask: UnsafeRawPointer) -> DataHeader? {
        guard count >= dataOverhead else { return nil }
        let header = datagram + dataPrefix
        var (first, counter) = (
            UInt64(littleEndian: header.loadUnaligned(as: UInt64.self)),
            UInt64(littleEndian: header.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
        if key != nil {
            first ^= UInt64(littleEndian: mask.loadUnaligned(as: UInt64.self))
            counter ^= UInt64(littleEndian: mask.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        guard dataTypes.contains(UInt32(truncatingIfNeeded: first)) else { return nil }
        return DataHeader(
            index: UInt32(truncatingIfNeeded: first &>> 32), counter: counter,
            body: dataPrefix &+ Message.dataHeaderSize)
    }

    /// A keepalive of 32 bytes whose sender forgot the prefix, as amneziawg-go v0.2.13…v0.2.17 do; nil for anything else.
    @inlinable public func prefixlessKeepalive(_ datagram: UnsafeRawPointer, count: Int) -> DataHeader? {
        guard count == Message.keepaliveSize, dataPrefix > 0, key == nil,
            dataTypes.contains(UInt32(littleEndian: datagram.loadUnaligned(as: UInt32.self)))
        else { return nil }
        return DataHeader(
            index: Message.receiver(datagram), counter: Message.counter(datagram), body: Message.dataHeaderSize)
    }

    /// Writes the 16 bytes that cover the headers of `count` datagrams, `stride` bytes apart, to `masks`, one behind the other. Each
    /// datagram has at least 12 bytes. Call only where headers are protected.
    @inlinable public func masks(
        of datagrams: UnsafeRawPointer, count: Int, stride: Int, into masks: UnsafeMutableRawPointer
    ) {
        wgc_header_masks(masks, datagrams, stride, count, key.unsafelyUnwrapped)
    }

    /// The zeros to put behind inner packets, for 64 random bits and the longest of them that are sent together; nil: as many as
    /// WireGuard does.
    @inlinable public func padding(forLongest size: Int, _ random: UInt64) -> Int? {
        if paddingSpan >= 0 { return paddingLow &+ Self.below(paddingSpan &+ 1, random) }
        guard hasTrailers else { return nil }
        let room = Self.window &- dataOverhead &- size
        return room > 0 ? Self.below(room, random) : nil
    }

    /// Datagrams are made longer up to this, bytes: what both sides know before any other was seen.
    @inlinable static var window: Int { 500 }

    @inlinable static func below(_ limit: Int, _ random: UInt64) -> Int {
        Int(truncatingIfNeeded: random.multipliedFullWidth(by: UInt64(truncatingIfNeeded: limit)).high)
    }

    /// Writes prefix and header of a data message, not protected yet; the ciphertext begins `dataPrefix` + 16 bytes behind `place`.
    @inlinable public func writeData(
        _ place: UnsafeMutableRawPointer, receiver: UInt32, counter: UInt64, _ random: inout RandomStream
    ) {
        random.fill(place, dataPrefix)
        let type = dataTypes.span == 0 ? dataTypes.low : dataTypes.pick(random.next())
        Message.writeDataHeader(place + dataPrefix, type: type, receiver: receiver, counter: counter)
    }

    /// Protects the headers of `count` bytes of finished data messages, `stride` bytes each but for the last. `masks` has room for 16
    /// bytes a message. Call once, and only where headers are protected.
    @inlinable public func protectData(
        _ messages: UnsafeMutableRawPointer, count: Int, stride: Int, masks: UnsafeMutableRawPointer
    ) {
        let number = (count &+ stride &- 1) / stride
        self.masks(of: messages, count: number, stride: stride, into: masks)
        for i in 0..<number {
            let header = messages + (i &* stride &+ dataPrefix)
            let mask = masks + i &* Int(WGC_HEADER_MASK)
            header.storeBytes(
                of: header.loadUnaligned(as: UInt64.self) ^ mask.loadUnaligned(as: UInt64.self), as: UInt64.self)
            header.storeBytes(
                of: header.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                    ^ mask.loadUnaligned(fromByteOffset: 8, as: UInt64.self), toByteOffset: 8, as: UInt64.self)
        }
    }
}
