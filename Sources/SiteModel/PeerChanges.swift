extension [Peer] {
    /// Those of others that are not here as they were, and those here that are not among the others as they are; who changed is in both.
    /// One pass over two lists that are sorted by name.
    public func changes(from old: [Peer]) -> (gone: [Peer], come: [Peer]) {
        var (gone, come): ([Peer], [Peer]) = ([], [])
        var (i, j) = (0, 0)
        while i < old.count || j < count {
            if i < old.count, j < count, old[i] == self[j] {
                (i, j) = (i + 1, j + 1)
            } else if j == count || i < old.count && old[i].name <= self[j].name {
                gone.append(old[i])
                i += 1
            } else {
                come.append(self[j])
                j += 1
            }
        }
        return (gone, come)
    }
}
