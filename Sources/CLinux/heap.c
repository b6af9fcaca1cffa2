#include "heap.h"

#ifdef __GLIBC__
#include <malloc.h>

void heap_keep(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}
#else
void heap_keep(void) {}
#endif
