// The Internet checksum's one's complement sum (RFC 1071) at the speed of the vector units.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum inet_sum_kind { INET_SUM_PORTABLE, INET_SUM_AVX2, INET_SUM_AVX512 };

extern uint64_t (*inet_sum_chosen)(const void *bytes, size_t count);
/// Chooses the fastest way that the processor has, at most `limit`; returns the one chosen.
enum inet_sum_kind inet_sum_select(enum inet_sum_kind limit);

/// The sum of 16-bit words in memory order, not folded: below 2^48 for anything up to 64 KB. An odd byte counts as if a zero followed.
static inline uint64_t inet_sum(const void *bytes, size_t count) { return inet_sum_chosen(bytes, count); }
