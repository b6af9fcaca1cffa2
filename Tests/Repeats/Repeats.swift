import Glibc

/// How often a random attack is repeated, with another seed each time: `count`, or that times `WGGW_ATTACK_TIMES` where it is
/// set. Whoever sets it to no whole number above 0 is told.
package func repeats(_ count: Int) -> Range<Int> {
    guard let text = getenv("WGGW_ATTACK_TIMES").map({ String(cString: $0) }) else { return 0..<count }
    guard let times = Int(text), times > 0 else {
        fatalError("WGGW_ATTACK_TIMES: “\(text)” is no whole number above 0")
    }
    return 0..<count * times
}
