/// The candidate that `text` was most likely meant to be; nil if none is close. Case does not count.
public func nearest(_ text: String, among candidates: some Sequence<String>) -> String? {
    // What is longer than any name is no slip of the hand.
    guard text.utf8.count <= 128 else { return nil }
    let wanted = Array(text.lowercased().unicodeScalars)
    let limit = max(1, text.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in candidates where abs(candidate.utf8.count - text.utf8.count) <= 4 * limit {
        let distance = editDistance(wanted, Array(candidate.lowercased().unicodeScalars))
        if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// Insertions, deletions and substitutions between two words (Levenshtein), with a swap of neighbours as one. Three rows of the
/// table at a time.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        row.reserveCapacity(b.count + 1)
        for j in b.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
            row.append(best)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
