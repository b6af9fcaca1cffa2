/// A moment as files of others have it, so that it compares with theirs: `2026-11-26T11:08:07Z` (RFC 3339), UTC.
public struct UTCTime: CustomStringConvertible, Sendable {
    /// Such a text.
    public let description: String

    /// Seconds since 1970, from that year on.
    public init(_ seconds: Int64) {
        let days = max(0, seconds) / 86_400
        let rest = max(0, seconds) % 86_400
        var year: Int64 = 1970
        var left = days
        while left >= Self.length(year) {
            left -= Self.length(year)
            year += 1
        }
        var month: Int64 = 1
        for length in [31, Self.length(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if left < length { break }
            left -= length
            month += 1
        }
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        description =
            "\(year)-\(two(month))-\(two(left + 1))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    /// In days.
    private static func length(_ year: Int64) -> Int64 {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365
    }
}
