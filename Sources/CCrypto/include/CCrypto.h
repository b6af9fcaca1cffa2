// The crypto libraries behind one small interface each: AEAD, X25519, BLAKE2s, XChaCha20-Poly1305.
#pragma once
