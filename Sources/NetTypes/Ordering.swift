extension Array {
    /// The elements by a key. Elements that stand in order already are the same array, without a copy; else small keys are
    /// sorted and not the elements themselves, which may be large.
    @inlinable public func ordered<Key: Comparable>(by key: (Element) -> Key) -> [Element] {
        if indices.dropFirst().allSatisfy({ !(key(self[$0]) < key(self[$0 - 1])) }) { return self }
        return indices.map { (key: key(self[$0]), index: $0) }
            .sorted { ($0.key, $0.index) < ($1.key, $1.index) }.map { self[$0.index] }
    }
}

extension Array where Element: Comparable {
    /// The elements in order; those that are already are the same array, without a copy.
    @inlinable public func ordered() -> [Element] {
        indices.dropFirst().allSatisfy { !(self[$0] < self[$0 - 1]) } ? self : sorted()
    }
}
