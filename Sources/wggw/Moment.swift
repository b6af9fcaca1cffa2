import ArgumentParser
import Gateway
import NetTypes
import SiteModel

/// A moment to come, as an option says it: `2026-12-31T18:00Z`, or so long from now: `30m`, `12h`, `7d`, `2w`; or `never`.
struct Moment: CustomStringConvertible, Sendable {
    /// As a profile has it, or `never`.
    let description: String

    init(parsing text: String, now: Int64 = Clock.system.now()) throws {
        if text == "never" {
            description = text
            return
        }
        let units: [Character: Int64] = ["m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        if let unit = text.last.flatMap({ units[$0] }) {
            guard let count = Int64(text.dropLast()), (1...5_000_000).contains(count) else {
                throw ValidationError("\(text) is no time from now; write it as 30m, 12h, 7d or 2w")
            }
            description = UTCTime(now + count * unit).description
            return
        }
        do throws(ParseError) {
            let moment = try UTCTime(parsing: text)
            guard moment.seconds > now else { throw ParseError(text, .moment(.over(now: "\(UTCTime(now))"))) }
            description = moment.description
        } catch { throw ValidationError("\(error)") }
    }
}
