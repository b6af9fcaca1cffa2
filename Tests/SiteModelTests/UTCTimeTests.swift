import Glibc
import NetTypes
import Repeats
import SiteModel
import Testing

@Suite struct UTCTimeTests {
    /// Against the C library's calendar.
    @Test func agreesWithTheCLibrary() throws {
        var random = SeededRandom(state: 26)
        for _ in 0..<5_000 {
            let seconds = Int64.random(in: 0...253_402_300_799, using: &random)
            let moment = UTCTime(seconds)
            var (time, parts) = (time_t(seconds), tm())
            gmtime_r(&time, &parts)
            let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
                strftime(buffer.baseAddress!, 32, "%Y-%m-%dT%H:%M:%SZ", &parts)
                return String(cString: buffer.baseAddress!)
            }
            #expect(moment.description == text)
            #expect(try UTCTime(parsing: text) == moment)
        }
    }

    @Test func secondsMayBeLeftOut() throws {
        #expect(try UTCTime(parsing: "1970-01-01T00:01Z").seconds == 60)
        #expect(try UTCTime(parsing: "2024-02-29T23:59Z").description == "2024-02-29T23:59:00Z")
    }

    @Test(arguments: [
        "", "Z", "2026-12-31", "2026-12-31Z", "2026-12-31T18:00", "2026-12-31T18:00+01:00", "2026-12-31 18:00Z",
        "2026-13-01T00:00Z", "2026-02-29T00:00Z", "2026-00-10T00:00Z", "2026-01-00T00:00Z", "2026-01-01T24:00Z",
        "2026-01-01T00:60Z", "2026-01-01T00:00:60Z", "1969-12-31T23:59Z", "26-12-31T18:00Z", "2026-1-01T00:00Z",
        "2026-01-01T00:00:00:00Z", "2026-01-01T00Z", "+026-01-01T00:00Z", "２026-01-01T00:00Z", "2026-01-01TT00:00Z",
    ]) func whatIsNoMomentIsRefused(text: String) {
        let error = #expect(throws: ParseError.self) { try UTCTime(parsing: text) }
        #expect(error?.description.contains("2026-12-31T18:00Z") == true)
    }
}
