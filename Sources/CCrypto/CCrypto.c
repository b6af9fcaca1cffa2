#define _GNU_SOURCE
#include "CCrypto.h"
#include <blake2.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

static void nonce12(uint8_t nonce[12], uint64_t counter) {
    memset(nonce, 0, 4);
    for (int i = 0; i < 8; i++) nonce[4 + i] = (uint8_t)(counter >> 8 * i);
}

void wgc_seal_ad(void *dst, const void *src, size_t length, const void *ad, size_t ad_length, const void *key,
                 uint64_t counter) {
    uint8_t nonce[12];
    nonce12(nonce, counter);
    crypto_aead_chacha20poly1305_ietf_encrypt(dst, NULL, src, length, ad, ad_length, NULL, nonce, key);
}

bool wgc_open_ad(void *dst, const void *src, size_t length, const void *ad, size_t ad_length, const void *key,
                 uint64_t counter) {
    uint8_t nonce[12];
    nonce12(nonce, counter);
    return crypto_aead_chacha20poly1305_ietf_decrypt(dst, NULL, NULL, src, length + 16, ad, ad_length, nonce, key) == 0;
}

void wgc_xseal(void *dst, const void *src, size_t length, const void *ad, size_t ad_length, const void *nonce,
               const void *key) {
    crypto_aead_xchacha20poly1305_ietf_encrypt(dst, NULL, src, length, ad, ad_length, NULL, nonce, key);
}

bool wgc_xopen(void *dst, const void *src, size_t length, const void *ad, size_t ad_length, const void *nonce,
               const void *key) {
    return crypto_aead_xchacha20poly1305_ietf_decrypt(dst, NULL, NULL, src, length + 16, ad, ad_length, nonce, key) == 0;
}

void wgc_x25519_public(void *public_key, const void *private_key) {
    crypto_scalarmult_curve25519_base(public_key, private_key);
}

bool wgc_x25519(void *shared, const void *private_key, const void *public_key) {
    return crypto_scalarmult_curve25519(shared, private_key, public_key) == 0;
}

void wgc_hash(void *out, const void *a, size_t a_length, const void *b, size_t b_length) {
    blake2s_state state;
    blake2s_init(&state, 32);
    blake2s_update(&state, a, a_length);
    if (b_length) blake2s_update(&state, b, b_length);
    blake2s_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

void wgc_mac16(void *out, const void *data, size_t length, const void *key, size_t key_length) {
    blake2s(out, data, key, 16, length, key_length);
}

void wgc_hmac(void *out, const void *key, const void *a, size_t a_length, const void *b, size_t b_length) {
    uint8_t pad[BLAKE2S_BLOCKBYTES], inner[32];
    blake2s_state state;
    for (int i = 0; i < BLAKE2S_BLOCKBYTES; i++) pad[i] = (i < 32 ? ((const uint8_t *)key)[i] : 0) ^ 0x36;
    blake2s_init(&state, 32);
    blake2s_update(&state, pad, sizeof pad);
    if (a_length) blake2s_update(&state, a, a_length);
    if (b_length) blake2s_update(&state, b, b_length);
    blake2s_final(&state, inner, 32);
    for (int i = 0; i < BLAKE2S_BLOCKBYTES; i++) pad[i] ^= 0x36 ^ 0x5c;
    blake2s_init(&state, 32);
    blake2s_update(&state, pad, sizeof pad);
    blake2s_update(&state, inner, 32);
    blake2s_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(pad, sizeof pad);
    sodium_memzero(inner, sizeof inner);
}

void wgc_wipe(void *bytes, size_t length) { sodium_memzero(bytes, length); }

bool wgc_equal(const void *a, const void *b, size_t length) { return sodium_memcmp(a, b, length) == 0; }

void *wgc_reserve(size_t length) {
    void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return NULL;
    madvise(base, length, MADV_DONTDUMP);
    return base;
}

void wgc_release(void *base, size_t length) { munmap(base, length); }
