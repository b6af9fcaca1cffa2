import Glibc

/// How many times longer `body` takes for an input that is four times as large: 4 if it is linear, 16 if it is quadratic.
///
/// By the processor's time of this thread, the least of a few turns, the two by turns. What looks like more than `limit` may be
/// the box's noise and is measured again, longer.
package func growth<Input>(small: Input, large: Input, limit: Double, _ body: (Input) -> Void) -> Double {
    var least = (small: Double.infinity, large: Double.infinity)
    for turns in [2, 8] {
        for _ in 0..<turns {
            least.small = min(least.small, processorTime { body(small) })
            least.large = min(least.large, processorTime { body(large) })
        }
        if least.large < limit * least.small { break }
    }
    return least.large / least.small
}

/// In seconds.
private func processorTime(_ body: () -> Void) -> Double {
    var before = timespec()
    var after = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
    body()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
    return Double(after.tv_sec - before.tv_sec) + Double(after.tv_nsec - before.tv_nsec) / 1e9
}
