internal import CPNG
internal import CQREncode
internal import Glibc
internal import NetTypes

/// A text as a QR code (libqrencode, error correction level L, as the WireGuard apps scan it).
public struct QRCode {
    /// Modules on a side.
    public let width: Int
    private let dark: [Bool]
    /// Of the text.
    private let bytes: Int
    /// Whether the text has templates of signature packets, which make it long.
    private let hasTemplates: Bool
    /// Light modules around the code that a reader needs (ISO 18004: four).
    private static let margin = 4

    /// Bytes that a code holds at level L (ISO 18004, version 40).
    static let mostBytes = 2953
    /// As many modules as AmneziaVPN's codes have on a side: it splits what makes more, 850 bytes and a header in base64 (its
    /// qrCodeUtils.cpp, level L as well), so that phones read it.
    private static let usualWidth = 113

    /// Throws `.exporting` for more bytes than a code holds.
    public init(_ text: String) throws(GatewayError) {
        bytes = text.utf8.count
        hasTemplates = AWGName.signatures.contains { text.contains("\n\($0.rawValue) = ") }
        guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L) else {
            throw .exporting(.tooLong(bytes: bytes, most: Self.mostBytes, hasTemplates: hasTemplates))
        }
        defer { QRcode_free(code) }
        width = Int(code.pointee.width)
        dark = (0..<width * width).map { code.pointee.data[$0] & 1 == 1 }
    }

    /// What there is to say of it: whether a phone may fail to read it.
    public var notices: [Notice] {
        width > Self.usualWidth
            ? [.exporting(.denseCode(bytes: bytes, modules: width, usual: Self.usualWidth, hasTemplates: hasTemplates))]
            : []
    }

    /// Throws `.exporting` unless a line of a terminal holds it.
    public func expectRoom(in columns: Int) throws(GatewayError) {
        let needed = width + 2 * Self.margin
        if needed > columns {
            throw .exporting(.tooWide(bytes: bytes, columns: needed, has: columns, hasTemplates: hasTemplates))
        }
    }

    private func isDark(_ x: Int, _ y: Int) -> Bool {
        (0..<width).contains(x) && (0..<width).contains(y) && dark[y * width + x]
    }

    /// Two rows of modules to a line of half blocks. Light modules are drawn, so on a terminal with a dark background the
    /// code is right; `colors` sets black on white whatever the terminal's colours are.
    public func terminal(colors: Bool) -> String {
        var text = ""
        for y in stride(from: -Self.margin, to: width + Self.margin, by: 2) {
            if colors { text += "\u{1b}[37;40m" }
            for x in -Self.margin..<width + Self.margin {
                let below = y + 1 < width + Self.margin
                switch (isDark(x, y), isDark(x, y + 1) || !below) {
                case (false, false): text += "█"
                case (false, true): text += "▀"
                case (true, false): text += "▄"
                case (true, true): text += " "
                }
            }
            text += colors ? "\u{1b}[0m\n" : "\n"
        }
        return text
    }

    /// An SVG of one path, a unit to a module: sharp at any size.
    public func svg() -> String {
        let side = width + 2 * Self.margin
        var path = ""
        for y in 0..<width {
            var x = 0
            while x < width {
                guard isDark(x, y) else {
                    x += 1
                    continue
                }
                let start = x
                while isDark(x, y) { x += 1 }
                path += "M\(start + Self.margin) \(y + Self.margin)h\(x - start)v1h-\(x - start)z"
            }
        }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">
            <path fill="#fff" d="M0 0h\(side)v\(side)h-\(side)z"/>
            <path d="\(path)"/>
            </svg>

            """
    }

    /// A grey PNG, `scale` pixels to a module.
    public func png(scale: Int = 8) throws(GatewayError) -> [UInt8] {
        let side = (width + 2 * Self.margin) * scale
        var pixels = [UInt8](repeating: 255, count: side * side)
        for y in 0..<side {
            for x in 0..<side where isDark(x / scale - Self.margin, y / scale - Self.margin) {
                pixels[y * side + x] = 0
            }
        }
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = png_uint_32(side)
        image.height = png_uint_32(side)
        image.format = png_uint_32(PNG_FORMAT_GRAY)
        var count = png_alloc_size_t(side * side + 4096)
        var bytes = [UInt8](repeating: 0, count: Int(count))
        guard png_image_write_to_memory(&image, &bytes, &count, 0, pixels, 0, nil) != 0 else {
            throw .exporting(.picture)
        }
        return Array(bytes[..<Int(count)])
    }
}
