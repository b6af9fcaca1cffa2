// The last events, for those who ask later.

/// The last `capacity` elements in the order in which they came. Takes memory as it fills.
struct EventRing<Element> {
    private let capacity: Int
    private var elements: [Element] = []
    /// Where the oldest one is, once it is full.
    private var oldest = 0

    /// Room for that many, at least one.
    init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    /// Adds one, in place of the oldest if there is no room.
    mutating func append(_ element: Element) {
        guard elements.count == capacity else { return elements.append(element) }
        elements[oldest] = element
        oldest = oldest + 1 == capacity ? 0 : oldest + 1
    }

    /// From the oldest to the newest.
    func forEach(_ body: (Element) -> Void) {
        elements[oldest...].forEach(body)
        elements[..<oldest].forEach(body)
    }
}
