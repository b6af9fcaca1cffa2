// ChaCha20 alone: what hides AmneziaWG's headers, and what random prefixes are made of.
#include "CCrypto.h"
#include <sodium.h>
#include <string.h>

void wgc_chacha20_xor(void *dst, const void *src, size_t length, const void *nonce, const void *key) {
    crypto_stream_chacha20_ietf_xor(dst, src, length, nonce, key);
}

// Libraries make one block at a time, in 105 ns; the masks of a batch have a key in common, so eight or sixteen go at once. Only
// where the CPU has registers for that; held against the library by the tests.
#if defined(__x86_64__)
#define ROTATE(v, n) ((v) << (n) | (v) >> (32 - (n)))
#define QUARTER(a, b, c, d)                                                                                              \
    (a += b, d ^= a, d = ROTATE(d, 16), c += d, b ^= c, b = ROTATE(b, 12), a += b, d ^= a, d = ROTATE(d, 8), c += d,     \
     b ^= c, b = ROTATE(b, 7))

// RFC 8439, 2.3, of `count` (1 to LANES) nonces: the first four words of each block.
#define DEFINE_LANES(NAME, LANES, TARGET)                                                                                \
    typedef uint32_t NAME##_words __attribute__((vector_size(4 * LANES)));                                               \
    __attribute__((target(TARGET))) static void NAME(uint8_t *masks, const uint8_t *nonces, size_t stride, size_t count, \
                                                     const uint32_t key[8]) {                                           \
        static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};                          \
        NAME##_words x[16];                                                                                              \
        uint32_t nonce[3][LANES];                                                                                        \
        for (size_t lane = 0; lane < LANES; lane++)                                                                      \
            for (int word = 0; word < 3; word++)                                                                         \
                memcpy(&nonce[word][lane], nonces + (lane < count ? lane : 0) * stride + 4 * word, 4);                   \
        for (int i = 0; i < 4; i++) x[i] = (NAME##_words){0} + constants[i];                                             \
        for (int i = 0; i < 8; i++) x[4 + i] = (NAME##_words){0} + key[i];                                               \
        x[12] = (NAME##_words){0};                                                                                       \
        for (int i = 0; i < 3; i++) memcpy(&x[13 + i], nonce[i], sizeof x[0]);                                           \
        for (int round = 0; round < 10; round++) {                                                                       \
            for (int i = 0; i < 4; i++) QUARTER(x[i], x[4 + i], x[8 + i], x[12 + i]);                                    \
            QUARTER(x[0], x[5], x[10], x[15]);                                                                           \
            QUARTER(x[1], x[6], x[11], x[12]);                                                                           \
            QUARTER(x[2], x[7], x[8], x[13]);                                                                            \
            QUARTER(x[3], x[4], x[9], x[14]);                                                                            \
        }                                                                                                                \
        for (int i = 0; i < 4; i++) x[i] += constants[i];                                                                \
        for (size_t lane = 0; lane < count; lane++)                                                                      \
            for (int i = 0; i < 4; i++) {                                                                                \
                uint32_t word = x[i][lane];                                                                              \
                memcpy(masks + WGC_HEADER_MASK * lane + 4 * i, &word, 4);                                                \
            }                                                                                                            \
    }

DEFINE_LANES(eight_lanes, 8, "avx2")
DEFINE_LANES(sixteen_lanes, 16, "avx512f")

static unsigned most_lanes = 16;

static unsigned lanes(void) {
    if (most_lanes >= 16 && __builtin_cpu_supports("avx512f")) return 16;
    return most_lanes >= 8 && __builtin_cpu_supports("avx2") ? 8 : 1;
}

void wgc_use_lanes(unsigned most) { most_lanes = most; }

// How many were made.
static size_t masks_in_lanes(uint8_t *masks, const uint8_t *nonces, size_t stride, size_t count, const void *key) {
    const unsigned wide = lanes();
    uint32_t words[8];
    size_t done = 0;
    memcpy(words, key, sizeof words);
    // One or two alone are sooner done by the library.
    while (wide > 1 && count - done > 2) {
        size_t now = count - done < wide ? count - done : wide;
        (wide == 16 ? sixteen_lanes : eight_lanes)(masks + WGC_HEADER_MASK * done, nonces + stride * done, stride, now, words);
        done += now;
    }
    sodium_memzero(words, sizeof words);
    return done;
}
#else
void wgc_use_lanes(unsigned most) { (void)most; }
static size_t masks_in_lanes(uint8_t *masks, const uint8_t *nonces, size_t stride, size_t count, const void *key) {
    (void)masks, (void)nonces, (void)stride, (void)count, (void)key;
    return 0;
}
#endif

void wgc_header_masks(void *masks, const void *nonces, size_t stride, size_t count, const void *key) {
    for (size_t i = masks_in_lanes(masks, nonces, stride, count, key); i < count; i++)
        crypto_stream_chacha20_ietf((uint8_t *)masks + WGC_HEADER_MASK * i, WGC_HEADER_MASK, (const uint8_t *)nonces + stride * i, key);
}

void wgc_random_refill(void *bytes, size_t length) {
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    uint8_t key[32];
    memcpy(key, bytes, sizeof key);
    crypto_stream_chacha20_ietf(bytes, length, nonce, key);
    sodium_memzero(key, sizeof key);
}
