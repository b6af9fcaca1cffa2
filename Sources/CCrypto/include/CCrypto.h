// The crypto libraries behind one small interface each: AEAD, X25519, BLAKE2s, XChaCha20-Poly1305, and memory for keys.
// Nothing here is cryptography of ours; RFC 2104's HMAC is the one composition, over libb2's BLAKE2s.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Loads what is loaded late, and lets libsodium look at the CPU: until then it computes X25519 without AVX, in four thirds of the
/// time. False: it cannot start.
bool wgc_start(void);

// ---- ChaCha20-Poly1305 (RFC 8439), nonce = 32 zero bits || 64-bit counter, little-endian ----------------------------

/// One thread's AEAD: an intel-ipsec-mb manager, or an OpenSSL context for each direction.
typedef struct wgc_aead wgc_aead;

/// nil without memory. `force_openssl` leaves intel-ipsec-mb alone; so does WGGW_AEAD=openssl in the environment.
wgc_aead *_Nullable wgc_aead_create(bool force_openssl);
/// Wipes and frees.
void wgc_aead_destroy(wgc_aead *_Nonnull aead);
/// "intel-ipsec-mb" or "openssl".
const char *_Nonnull wgc_aead_name(const wgc_aead *_Nonnull aead);
/// Writes `length` bytes of ciphertext and 16 of tag to `dst`, which may be `src`. No associated data.
void wgc_seal(wgc_aead *_Nonnull aead, void *_Nonnull dst, const void *_Nonnull src, size_t length,
              const void *_Nonnull key, uint64_t counter);
/// Opens `length` bytes of ciphertext with 16 of tag behind them; `dst` may be `src`. False: forged, and `dst` holds garbage.
bool wgc_open(wgc_aead *_Nonnull aead, void *_Nonnull dst, const void *_Nonnull src, size_t length,
              const void *_Nonnull key, uint64_t counter);

/// The same with associated data, by libsodium, for the handshake: no state, nothing on the packet's way.
void wgc_seal_ad(void *_Nonnull dst, const void *_Nonnull src, size_t length, const void *_Nullable ad, size_t ad_length,
                 const void *_Nonnull key, uint64_t counter);
/// False: forged, and `dst` is untouched or zero.
bool wgc_open_ad(void *_Nonnull dst, const void *_Nonnull src, size_t length, const void *_Nullable ad, size_t ad_length,
                 const void *_Nonnull key, uint64_t counter);

/// XChaCha20-Poly1305 with a 24-byte nonce, as cookie replies use it.
void wgc_xseal(void *_Nonnull dst, const void *_Nonnull src, size_t length, const void *_Nullable ad, size_t ad_length,
               const void *_Nonnull nonce, const void *_Nonnull key);
/// False: forged.
bool wgc_xopen(void *_Nonnull dst, const void *_Nonnull src, size_t length, const void *_Nullable ad, size_t ad_length,
               const void *_Nonnull nonce, const void *_Nonnull key);

// ---- ChaCha20 (RFC 8439), block counter from 0, 12-byte nonces ------------------------------------------------------

enum { WGC_HEADER_MASK = 16 };  ///< bytes of a data message that header protection covers

/// XORs `length` bytes with the keystream; `dst` may be `src`.
void wgc_chacha20_xor(void *_Nonnull dst, const void *_Nonnull src, size_t length, const void *_Nonnull nonce,
                      const void *_Nonnull key);
/// The first 16 bytes of the keystream for each of `count` nonces that lie `stride` bytes apart, one behind the other.
void wgc_header_masks(void *_Nonnull masks, const void *_Nonnull nonces, size_t stride, size_t count,
                      const void *_Nonnull key);
/// So many at the same time at most: 16 with AVX-512, 8 with AVX2, which is found out by itself; 1 by the library. Before there are
/// threads.
void wgc_use_lanes(unsigned most);
/// Replaces the key in the first 32 of `length` bytes, and all behind it, by what that key makes: random bytes that tell nothing
/// of those before, as long as the key was drawn well.
void wgc_random_refill(void *_Nonnull bytes, size_t length);

// ---- X25519 (RFC 7748) ----------------------------------------------------------------------------------------------

/// The public key of a private key.
void wgc_x25519_public(void *_Nonnull public_key, const void *_Nonnull private_key);
/// The shared secret. False where it would be all zero: a point of small order.
bool wgc_x25519(void *_Nonnull shared, const void *_Nonnull private_key, const void *_Nonnull public_key);

// ---- BLAKE2s (RFC 7693) ---------------------------------------------------------------------------------------------

/// BLAKE2s-256 of two parts, one after the other; the second may be empty.
void wgc_hash(void *_Nonnull out, const void *_Nonnull a, size_t a_length, const void *_Nullable b, size_t b_length);
/// Keyed BLAKE2s with 16 bytes of output.
void wgc_mac16(void *_Nonnull out, const void *_Nonnull data, size_t length, const void *_Nonnull key, size_t key_length);
/// HKDF (RFC 5869) with HMAC-BLAKE2s (RFC 2104) and a 32-byte key: `count` outputs of 32 bytes, 1 to 255. An output may be the key.
void wgc_kdf(const void *_Nonnull key, const void *_Nullable input, size_t length, void *_Nonnull const *_Nonnull outputs,
             size_t count);

// ---- memory -----------------------------------------------------------------------------------------------------------

/// Overwrites with zeros, in a way that the optimiser keeps.
void wgc_wipe(void *_Nonnull bytes, size_t length);
/// Whether `length` bytes are equal, in a time that does not depend on where they differ.
bool wgc_equal(const void *_Nonnull a, const void *_Nonnull b, size_t length);
/// Address space of zeros that becomes memory when it is touched and stays out of core dumps; nil where there is none.
void *_Nullable wgc_reserve(size_t length);
/// Gives it back.
void wgc_release(void *_Nonnull base, size_t length);
