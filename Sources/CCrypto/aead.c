// ChaCha20-Poly1305 by intel-ipsec-mb, found at run time, or by OpenSSL with its contexts kept.
#include "CCrypto.h"
#include "later.h"
#include <dlfcn.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && __has_include(<intel-ipsec-mb.h>)
#include <intel-ipsec-mb.h>
#define HAVE_IPSEC_MB 1
#else
typedef void IMB_MGR;
#define HAVE_IPSEC_MB 0
#endif

struct wgc_aead {
    IMB_MGR *manager;
    void (*free_manager)(IMB_MGR *);
    // Not loaded where there is a manager.
    const struct wgc_libcrypto *ssl;
    EVP_CIPHER_CTX *seal, *open;
    // What the contexts hold; setting a key again costs more than to compare it.
    uint8_t seal_key[32], open_key[32];
};

static void nonce12(uint8_t nonce[12], uint64_t counter) {
    memset(nonce, 0, 4);
    memcpy(nonce + 4, &counter, 8);  // every platform of ours is little-endian; the assertion below keeps it so
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "nonces are little-endian");

#if HAVE_IPSEC_MB
// Its other code paths are slower than OpenSSL, so AVX-512 or nothing. The library stays loaded for good.
static void find_ipsec_mb(wgc_aead *aead) {
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512dq"))
        return;
    void *library = dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    IMB_MGR *(*allocate)(uint64_t) = (IMB_MGR * (*)(uint64_t)) dlsym(library, "alloc_mb_mgr");
    void (*initialise)(IMB_MGR *) = (void (*)(IMB_MGR *))dlsym(library, "init_mb_mgr_avx512");
    void (*release)(IMB_MGR *) = (void (*)(IMB_MGR *))dlsym(library, "free_mb_mgr");
    if (!allocate || !initialise || !release) return;
    IMB_MGR *manager = allocate(0);
    if (!manager) return;
    initialise(manager);
    if (manager->imb_errno || !(manager->features & IMB_FEATURE_AVX512_SKX)) {
        release(manager);
        return;
    }
    aead->manager = manager;
    aead->free_manager = release;
}

static inline void ipsec_mb(IMB_MGR *manager, int sealing, void *dst, const void *src, size_t length, const void *key,
                            uint64_t counter, uint8_t *tag) {
    uint8_t nonce[12];
    nonce12(nonce, counter);
    IMB_JOB *job = IMB_GET_NEXT_JOB(manager);
    job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job->cipher_direction = sealing ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
    job->chain_order = sealing ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    job->enc_keys = job->dec_keys = key;
    job->key_len_in_bytes = 32;
    job->u.CHACHA20_POLY1305.aad = nonce;
    job->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
    job->src = src;
    job->dst = dst;
    job->iv = nonce;
    job->iv_len_in_bytes = 12;
    job->msg_len_to_cipher_in_bytes = job->msg_len_to_hash_in_bytes = length;
    job->cipher_start_src_offset_in_bytes = job->hash_start_src_offset_in_bytes = 0;
    job->auth_tag_output = tag;
    job->auth_tag_output_len_in_bytes = 16;
    IMB_SUBMIT_JOB_NOCHECK(manager);
}
#endif

wgc_aead *wgc_aead_create(bool force_openssl) {
    wgc_aead *aead = calloc(1, sizeof *aead);
    if (!aead) return NULL;
    const char *wish = getenv("WGGW_AEAD");
#if HAVE_IPSEC_MB
    if (!force_openssl && !(wish && !strcmp(wish, "openssl"))) find_ipsec_mb(aead);
#endif
    (void)force_openssl, (void)wish;
    if (aead->manager) return aead;
    aead->ssl = wgc_libcrypto();
    aead->seal = aead->ssl->EVP_CIPHER_CTX_new();
    aead->open = aead->ssl->EVP_CIPHER_CTX_new();
    // All-zero keys, so that the comparison below tells the truth from the first message on.
    if (!aead->seal || !aead->open ||
        aead->ssl->EVP_EncryptInit_ex(aead->seal, aead->ssl->EVP_chacha20_poly1305(), NULL, aead->seal_key, NULL) != 1 ||
        aead->ssl->EVP_DecryptInit_ex(aead->open, aead->ssl->EVP_chacha20_poly1305(), NULL, aead->open_key, NULL) != 1) {
        wgc_aead_destroy(aead);
        return NULL;
    }
    return aead;
}

void wgc_aead_destroy(wgc_aead *aead) {
    if (!aead) return;
    if (aead->manager) aead->free_manager(aead->manager);
    if (aead->ssl) {
        aead->ssl->EVP_CIPHER_CTX_free(aead->seal);
        aead->ssl->EVP_CIPHER_CTX_free(aead->open);
    }
    sodium_memzero(aead, sizeof *aead);
    free(aead);
}

const char *wgc_aead_name(const wgc_aead *aead) { return aead->manager ? "intel-ipsec-mb" : "openssl"; }

// nil: the context holds that key already.
static const uint8_t *changed(uint8_t held[32], const void *key) {
    if (!memcmp(held, key, 32)) return NULL;
    memcpy(held, key, 32);
    return key;
}

void wgc_seal(wgc_aead *aead, void *dst, const void *src, size_t length, const void *key, uint64_t counter) {
#if HAVE_IPSEC_MB
    if (__builtin_expect(aead->manager != NULL, 1)) {
        ipsec_mb(aead->manager, 1, dst, src, length, key, counter, (uint8_t *)dst + length);
        return;
    }
#endif
    uint8_t nonce[12];
    int n;
    nonce12(nonce, counter);
    // These fail only where a context is broken, and then nothing may go out in plain.
    if (aead->ssl->EVP_EncryptInit_ex(aead->seal, NULL, NULL, changed(aead->seal_key, key), nonce) != 1 ||
        (length && aead->ssl->EVP_EncryptUpdate(aead->seal, dst, &n, src, (int)length) != 1) ||
        aead->ssl->EVP_EncryptFinal_ex(aead->seal, (uint8_t *)dst + length, &n) != 1 ||
        aead->ssl->EVP_CIPHER_CTX_ctrl(aead->seal, EVP_CTRL_AEAD_GET_TAG, 16, (uint8_t *)dst + length) != 1)
        abort();
}

bool wgc_open(wgc_aead *aead, void *dst, const void *src, size_t length, const void *key, uint64_t counter) {
    uint8_t theirs[16];
    // Copied first: in place, a library may write past the ciphertext.
    memcpy(theirs, (const uint8_t *)src + length, 16);
#if HAVE_IPSEC_MB
    if (__builtin_expect(aead->manager != NULL, 1)) {
        uint8_t ours[16];
        ipsec_mb(aead->manager, 0, dst, src, length, key, counter, ours);
        uint64_t a[2], b[2];
        memcpy(a, ours, 16);
        memcpy(b, theirs, 16);
        return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;  // no branch before both words are looked at
    }
#endif
    uint8_t nonce[12];
    int n;
    nonce12(nonce, counter);
    return aead->ssl->EVP_DecryptInit_ex(aead->open, NULL, NULL, changed(aead->open_key, key), nonce) == 1 &&
           aead->ssl->EVP_CIPHER_CTX_ctrl(aead->open, EVP_CTRL_AEAD_SET_TAG, 16, theirs) == 1 &&
           (!length || aead->ssl->EVP_DecryptUpdate(aead->open, dst, &n, src, (int)length) == 1) &&
           aead->ssl->EVP_DecryptFinal_ex(aead->open, theirs, &n) == 1;
}
