internal import SiteModel

/// RFC 3339: `2026-11-22T18:04:11.123456789Z`.
func utc(_ seconds: Int64, _ nanoseconds: UInt32) -> String {
    let digits = String(nanoseconds)
    return "\(UTCTime(seconds).description.dropLast()).\(String(repeating: "0", count: 9 - digits.count))\(digits)Z"
}
