// Libraries that a datapath alone needs, loaded when it first does. The loader would take each command half as long again to start
// with them: libcrypto's data has a hundred pages to relocate, and libb2 brings OpenMP's runtime along.
#pragma once
#include <blake2.h>
#include <openssl/evp.h>

#define WGC_LIBCRYPTO(X) \
    X(EVP_CIPHER_CTX_new) X(EVP_CIPHER_CTX_free) X(EVP_CIPHER_CTX_ctrl) X(EVP_chacha20_poly1305) \
    X(EVP_EncryptInit_ex) X(EVP_EncryptUpdate) X(EVP_EncryptFinal_ex) \
    X(EVP_DecryptInit_ex) X(EVP_DecryptUpdate) X(EVP_DecryptFinal_ex)
#define WGC_LIBB2(X) X(blake2s) X(blake2s_init) X(blake2s_update) X(blake2s_final)
#define WGC_MEMBER(name) __typeof__(name) *name;

struct wgc_libcrypto { WGC_LIBCRYPTO(WGC_MEMBER) };
struct wgc_libb2 { WGC_LIBB2(WGC_MEMBER) };

/// Loaded on the first call, for good. As with the loader, the process ends with status 127 and a word where it is not there.
const struct wgc_libcrypto *wgc_libcrypto(void);
/// The same.
const struct wgc_libb2 *wgc_libb2(void);
