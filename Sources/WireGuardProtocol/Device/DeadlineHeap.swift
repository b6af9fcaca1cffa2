/// When each peer is due, the earliest first: a binary heap that knows where each peer stands.
///
/// 16 bytes for an armed peer and 4 for any. Setting, moving and removing take a logarithm of the armed peers.
struct DeadlineHeap {
    private struct Node {
        var deadline: UInt64
        var peer: UInt32
    }

    private var heap: [Node] = []
    /// By peer: its place in `heap` plus one, 0 for none.
    private var places: [UInt32] = []

    /// The peer that is due first, and when.
    var first: (peer: PeerIndex, deadline: UInt64)? {
        heap.first.map { (PeerIndex(rawValue: $0.peer), $0.deadline) }
    }

    /// When the peer is due; nil where it is not armed.
    func deadline(of peer: PeerIndex) -> UInt64? {
        let place = place(of: peer)
        return place == 0 ? nil : heap[place - 1].deadline
    }

    mutating func set(_ peer: PeerIndex, _ deadline: UInt64) {
        let index = Int(peer.rawValue)
        while places.count <= index { places.append(0) }
        let place = Int(places[index])
        if place == 0 {
            heap.append(Node(deadline: deadline, peer: peer.rawValue))
            places[index] = UInt32(heap.count)
            siftUp(heap.count - 1)
        } else {
            let old = heap[place - 1].deadline
            heap[place - 1].deadline = deadline
            if deadline < old { siftUp(place - 1) } else { siftDown(place - 1) }
        }
    }

    mutating func remove(_ peer: PeerIndex) {
        let place = place(of: peer)
        guard place != 0 else { return }
        places[Int(peer.rawValue)] = 0
        let last = heap.removeLast()
        guard place - 1 < heap.count else { return }
        put(last, at: place - 1)
        siftUp(place - 1)
        siftDown(Int(places[Int(last.peer)]) - 1)
    }

    private func place(of peer: PeerIndex) -> Int {
        Int(peer.rawValue) < places.count ? Int(places[Int(peer.rawValue)]) : 0
    }

    private mutating func put(_ node: Node, at index: Int) {
        heap[index] = node
        places[Int(node.peer)] = UInt32(index + 1)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        let node = heap[index]
        while index > 0 {
            let parent = (index - 1) / 2
            guard node.deadline < heap[parent].deadline else { break }
            put(heap[parent], at: index)
            index = parent
        }
        put(node, at: index)
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        let node = heap[index]
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count && heap[child + 1].deadline < heap[child].deadline { child += 1 }
            guard heap[child].deadline < node.deadline else { break }
            put(heap[child], at: index)
            index = child
        }
        put(node, at: index)
    }
}
