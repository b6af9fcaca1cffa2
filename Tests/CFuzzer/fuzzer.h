// libFuzzer, which comes with the compiler: what is needed to call it from a program with a main of its own.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Runs `test` on inputs until something fails or what the flags in `argv` allow is used up. Takes flags out of `argv`.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
