// Nothing here depends on a language or a country, but Foundation, which GRDB and TOMLKit use for other things, brings ICU's 33 MB of
// names, calendars and collations. The static linker takes this for them: a collection without an entry, as ICU's own tools
// start with. What asks for a locale's data finds none. Of several names, one a version of ICU, the linker drops all but the one that
// is asked for; of a version that is not here, the program is larger and works.
#include <stdint.h>

struct icu_data {
    uint16_t header_size;
    uint8_t magic[2];
    uint16_t info_size, reserved;
    uint8_t is_big_endian, charset, size_of_char, reserved_too;
    uint8_t format[4], format_version[4], data_version[4];
    uint8_t padding[8];
    uint32_t count, end;
};

// Not seen by a Foundation in a library of its own, which has its data in it.
#define EMPTY(version) \
    extern const struct icu_data icudt##version##_dat; \
    __attribute__((visibility("hidden"), section(".rodata.icudt" #version), aligned(16))) \
    const struct icu_data icudt##version##_dat = { \
        32, {0xda, 0x27}, 20, 0, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, 0, 2, 0, {'T', 'o', 'C', 'P'}, {1}, {0}, {0}, 0, 0}

// What scripts/build puts in the place of those functions of ICU that nothing here calls.
__attribute__((noreturn, used, visibility("hidden"))) void icu_left_out(void) { __builtin_trap(); }

EMPTY(72);
EMPTY(74);
EMPTY(76);
EMPTY(77);
EMPTY(78);
