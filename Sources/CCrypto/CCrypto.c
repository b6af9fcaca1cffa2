#define _GNU_SOURCE
#include "CCrypto.h"
#include "later.h"
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

bool wgc_start(void) {
    // Later no file may be opened.
    wgc_libb2();
    return sodium_init() >= 0;
}

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
    wgc_libb2()->blake2s_init(&state, 32);
    wgc_libb2()->blake2s_update(&state, a, a_length);
    if (b_length) wgc_libb2()->blake2s_update(&state, b, b_length);
    wgc_libb2()->blake2s_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

void wgc_mac16(void *out, const void *data, size_t length, const void *key, size_t key_length) {
    wgc_libb2()->blake2s(out, data, key, 16, length, key_length);
}

// What HMAC has absorbed before the message comes: the key once for the inner hash and once for the outer one.
struct keyed {
    blake2s_state inner, outer;
};

static void absorb_key(struct keyed *to, const uint8_t key[32]) {
    uint8_t pad[BLAKE2S_BLOCKBYTES];
    for (int i = 0; i < BLAKE2S_BLOCKBYTES; i++) pad[i] = (i < 32 ? key[i] : 0) ^ 0x36;
    wgc_libb2()->blake2s_init(&to->inner, 32);
    wgc_libb2()->blake2s_update(&to->inner, pad, sizeof pad);
    for (int i = 0; i < BLAKE2S_BLOCKBYTES; i++) pad[i] ^= 0x36 ^ 0x5c;
    wgc_libb2()->blake2s_init(&to->outer, 32);
    wgc_libb2()->blake2s_update(&to->outer, pad, sizeof pad);
    sodium_memzero(pad, sizeof pad);
}

static void finish_hmac(struct keyed *with, const void *message, size_t length, uint8_t out[32]) {
    if (length) wgc_libb2()->blake2s_update(&with->inner, message, length);
    wgc_libb2()->blake2s_final(&with->inner, out, 32);
    wgc_libb2()->blake2s_update(&with->outer, out, 32);
    wgc_libb2()->blake2s_final(&with->outer, out, 32);
}

void wgc_kdf(const void *key, const void *input, size_t length, void *const *outputs, size_t count) {
    struct {
        struct keyed extract, expand, with;
        uint8_t secret[32], step[33];
    } s;
    absorb_key(&s.extract, key);
    finish_hmac(&s.extract, input, length, s.secret);
    absorb_key(&s.expand, s.secret);
    for (size_t i = 0; i < count; i++) {
        s.with = s.expand;
        s.step[32] = (uint8_t)(i + 1);
        finish_hmac(&s.with, i ? s.step : s.step + 32, i ? 33 : 1, s.step);
        memcpy(outputs[i], s.step, 32);
    }
    sodium_memzero(&s, sizeof s);
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
