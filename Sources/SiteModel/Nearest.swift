/// The candidate that `text` was most likely meant to be; nil if none is close. Case does not count.
public func nearest(_ text: String, among candidates: some Sequence<String>) -> String? {
    let limit = max(1, text.count / 3)
    let scored = candidates.lazy.map { ($0, editDistance(text.lowercased(), $0.lowercased())) }
    return scored.filter { $0.1 <= limit }.min { $0.1 < $1.1 }?.0
}

/// Insertions, deletions and substitutions between two words (Levenshtein), with a swap of neighbours as one.
func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.unicodeScalars), Array(b.unicodeScalars))
    var rows = [Array(0...b.count)]
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
