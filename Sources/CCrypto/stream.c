// ChaCha20 alone: what hides AmneziaWG's headers, and what random prefixes are made of.
#include "CCrypto.h"
#include <sodium.h>
#include <string.h>

void wgc_chacha20_xor(void *dst, const void *src, size_t length, const void *nonce, const void *key) {
    crypto_stream_chacha20_ietf_xor(dst, src, length, nonce, key);
}

void wgc_header_masks(void *masks, const void *nonces, size_t stride, size_t count, const void *key) {
    const uint8_t *nonce = nonces;
    uint8_t *mask = masks;
    for (size_t i = 0; i < count; i++, nonce += stride, mask += WGC_HEADER_MASK)
        crypto_stream_chacha20_ietf(mask, WGC_HEADER_MASK, nonce, key);
}

void wgc_random_refill(void *bytes, size_t length) {
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    uint8_t key[32];
    memcpy(key, bytes, sizeof key);
    crypto_stream_chacha20_ietf(bytes, length, nonce, key);
    sodium_memzero(key, sizeof key);
}
