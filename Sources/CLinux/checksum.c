#include "checksum.h"

#include <string.h>

// Words of 32 bits are added into 64-bit lanes: 2^16 == 1 modulo 2^16 - 1, so the fold at the end gives the same sum.
static uint64_t sum_portable(const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    uint64_t a = 0, b = 0;
    for (; count >= 16; p += 16, count -= 16) {
        uint64_t x, y;
        memcpy(&x, p, 8);
        memcpy(&y, p + 8, 8);
        a += (x & 0xffffffff) + (y & 0xffffffff);
        b += (x >> 32) + (y >> 32);
    }
    for (; count >= 2; p += 2, count -= 2) {
        uint16_t w;
        memcpy(&w, p, 2);
        a += w;
    }
    if (count) {
        uint16_t w = 0;
        memcpy(&w, p, 1);
        a += w;
    }
    return a + b;
}

uint64_t (*inet_sum_chosen)(const void *bytes, size_t count) = sum_portable;

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static uint64_t sum_avx2(const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    const __m256i low = _mm256_set1_epi64x(0xffffffff);
    __m256i a = _mm256_setzero_si256(), b = a;
    for (; count >= 32; p += 32, count -= 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *)p);
        a = _mm256_add_epi64(a, _mm256_and_si256(v, low));
        b = _mm256_add_epi64(b, _mm256_srli_epi64(v, 32));
    }
    uint64_t lanes[4];
    _mm256_storeu_si256((__m256i *)lanes, _mm256_add_epi64(a, b));
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] + sum_portable(p, count);
}

__attribute__((target("avx512f,avx512bw"))) static uint64_t sum_avx512(const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    const __m512i low = _mm512_set1_epi64(0xffffffff);
    __m512i a = _mm512_setzero_si512(), b = a;
    for (; count >= 64; p += 64, count -= 64) {
        __m512i v = _mm512_loadu_si512(p);
        a = _mm512_add_epi64(a, _mm512_and_si512(v, low));
        b = _mm512_add_epi64(b, _mm512_srli_epi64(v, 32));
    }
    if (count) {
        __m512i v = _mm512_maskz_loadu_epi8((1ull << count) - 1, p);
        a = _mm512_add_epi64(a, _mm512_and_si512(v, low));
        b = _mm512_add_epi64(b, _mm512_srli_epi64(v, 32));
    }
    return (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(a, b));
}

enum inet_sum_kind inet_sum_select(enum inet_sum_kind limit) {
    __builtin_cpu_init();
    if (limit >= INET_SUM_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
        inet_sum_chosen = sum_avx512;
        return INET_SUM_AVX512;
    }
    if (limit >= INET_SUM_AVX2 && __builtin_cpu_supports("avx2")) {
        inet_sum_chosen = sum_avx2;
        return INET_SUM_AVX2;
    }
    inet_sum_chosen = sum_portable;
    return INET_SUM_PORTABLE;
}
#else
enum inet_sum_kind inet_sum_select(enum inet_sum_kind limit) {
    (void)limit;
    inet_sum_chosen = sum_portable;
    return INET_SUM_PORTABLE;
}
#endif
