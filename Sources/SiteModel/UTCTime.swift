public import NetTypes

/// A moment, to the second: `2026-11-26T11:08:07Z` (RFC 3339), UTC. As text it compares with what files of others have.
public struct UTCTime: Hashable, Comparable, ParsedText, CustomStringConvertible, Sendable {
    /// Since 1970.
    public let seconds: Int64

    /// Seconds since 1970, from that year on, to the end of 9999.
    public init(_ seconds: Int64) { self.seconds = min(max(0, seconds), Self.last) }

    /// `2026-11-26T11:08:07Z`, also without seconds. Throws for another zone, which depends on who reads it.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let text = String(text)
        func refuse(_ fault: ParseError.MomentFault) -> ParseError { ParseError(text, .moment(fault)) }
        guard text.hasSuffix("Z") else { throw refuse(.notUTC) }
        let halves = text.dropLast().split(separator: "T", omittingEmptySubsequences: false)
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        let clock = halves.count == 2 ? halves[1].split(separator: ":", omittingEmptySubsequences: false) : []
        guard date.map(\.count) == [4, 2, 2], [[2, 2], [2, 2, 2]].contains(clock.map(\.count)),
            (date + clock).joined().utf8.allSatisfy({ (48...57).contains($0) })
        else { throw refuse(.noMoment) }
        let (year, month, day) = (Int64(date[0])!, Int(date[1])!, Int64(date[2])!)
        let (hour, minute, second) = (Int64(clock[0])!, Int64(clock[1])!, clock.count == 3 ? Int64(clock[2])! : 0)
        guard (1970...9999).contains(year), (1...12).contains(month),
            (1...Self.months(of: year)[month - 1]).contains(day),
            hour < 24, minute < 60, second < 60
        else { throw refuse(.inNoCalendar) }
        let days =
            (1970..<year).reduce(0) { $0 + Self.length($1) } + Self.months(of: year)[..<(month - 1)].reduce(0, +) + day
            - 1
        seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    /// `2026-11-26T11:08:07Z`
    public var description: String {
        var left = seconds / 86_400
        let rest = seconds % 86_400
        var year: Int64 = 1970
        while left >= Self.length(year) {
            left -= Self.length(year)
            year += 1
        }
        var month: Int64 = 1
        for length in Self.months(of: year) {
            if left < length { break }
            left -= length
            month += 1
        }
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(left + 1))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    /// By time.
    public static func < (a: Self, b: Self) -> Bool { a.seconds < b.seconds }

    /// The last second of 9999.
    private static let last: Int64 = 253_402_300_799

    /// In days.
    private static func length(_ year: Int64) -> Int64 {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365
    }

    /// In days each.
    private static func months(of year: Int64) -> [Int64] {
        [31, length(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    }
}
