#include "later.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

// Tells who makes packages which library a program will load, as https://uapi-group.org/specifications/specs/elf_dlopen_metadata has it.
#define DLOPEN_NOTE(variable, json) \
    __attribute__((used, section(".note.dlopen"), aligned(4))) static const struct { \
        uint32_t name_size, size, type; \
        char name[4], text[(sizeof json + 3) / 4 * 4]; \
    } variable = {4, sizeof json, 0x407c0c0a, "FDO", json}
#define NEEDED(priority, soname) "[{\"priority\":\"" priority "\",\"soname\":[\"" soname "\"]}]"

#define TEXT_OF(macro) #macro
#define TEXT(macro) TEXT_OF(macro)
#define LIBCRYPTO "libcrypto.so." TEXT(OPENSSL_SHLIB_VERSION)
#define LIBB2 "libb2.so.1"

DLOPEN_NOTE(libcrypto_note, NEEDED("required", LIBCRYPTO));
DLOPEN_NOTE(libb2_note, NEEDED("required", LIBB2));
#if defined(__x86_64__) && __has_include(<intel-ipsec-mb.h>)
DLOPEN_NOTE(ipsec_mb_note, NEEDED("recommended", "libIPSec_MB.so.1"));
#endif

static void *library(const char *name) {
    void *found = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (found) return found;
    fprintf(stderr, "error while loading shared libraries: %s\n", dlerror());
    _exit(127);
}

static void *function(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (found) return found;
    fprintf(stderr, "error while loading shared libraries: %s\n", dlerror());
    _exit(127);
}

#define FIND(name) found.name = (__typeof__(found.name))function(from, #name);
#define LOADED(library_of, soname, names) \
    static struct wgc_##library_of library_of##_functions; \
    static void load_##library_of(void) { \
        struct wgc_##library_of found; \
        void *from = library(soname); \
        names(FIND) library_of##_functions = found; \
    } \
    const struct wgc_##library_of *wgc_##library_of(void) { \
        static pthread_once_t once = PTHREAD_ONCE_INIT; \
        pthread_once(&once, load_##library_of); \
        return &library_of##_functions; \
    }

LOADED(libcrypto, LIBCRYPTO, WGC_LIBCRYPTO)
LOADED(libb2, LIBB2, WGC_LIBB2)
