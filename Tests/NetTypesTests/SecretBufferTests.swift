import Testing

@testable import NetTypes

@Suite struct SecretBufferTests {
    @Test func `memory that is outgrown is wiped`() {
        var buffer = SecretBuffer(capacity: 20)
        buffer.append("private_key=00112233")
        let old = buffer.bytes.baseAddress
        buffer.append(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(buffer.bytes.baseAddress == old, "it had room")
        var seen: [UInt8] = []
        buffer.grow(by: 4096) { memory in
            #expect(memory.baseAddress.map { UnsafeRawPointer($0) } == old)
            seen = Array(memory)
            wipe(memory)
            #expect(memory.allSatisfy { $0 == 0 })
        }
        #expect(seen == Array("private_key=00112233".utf8) && Array(buffer.bytes) == seen)
    }

    @Test func `memory behind the last byte is wiped`() {
        var buffer = SecretBuffer()
        buffer.append("set=1\nprivate_key=00112233\n\nget=1\n")
        let count = buffer.count
        buffer.removeFirst(28)
        #expect(Array(buffer.bytes) == Array("get=1\n".utf8))
        let behind = UnsafeRawBufferPointer(
            start: buffer.bytes.baseAddress! + buffer.count, count: count - buffer.count)
        #expect(behind.allSatisfy { $0 == 0 })
        buffer.removeFirst(0)
        buffer.removeFirst(6)
        #expect(buffer.count == 0)
    }

    @Test func `what a read failed with is no byte`() {
        var buffer = SecretBuffer()
        #expect(buffer.fill(room: 8) { _ in -1 } == -1)
        let written = buffer.fill(room: 8) { room in
            room[7] = 9
            room[0] = 7
            return 1
        }
        #expect(written == 1)
        #expect(Array(buffer.bytes) == [7])
    }

    @Test func `all of it is wiped and nothing beside it`() {
        for length in [0, 1, 7, 8, 63, 64, 65, 200] {
            for start in 0..<9 {
                var bytes = [UInt8](repeating: 0xff, count: 300)
                let range = start..<start + length
                bytes.withUnsafeMutableBytes { wipe(UnsafeMutableRawBufferPointer(rebasing: $0[range])) }
                #expect(bytes.indices.allSatisfy { (bytes[$0] == 0) == range.contains($0) })
            }
        }
    }
}
