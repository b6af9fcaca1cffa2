#include "heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

void heap_keep(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    // Address space only: what is never touched costs nothing. Where the kernel has no large pages, nothing happens.
    const size_t room = 64 << 20, page = 2 << 20;
    char *start = malloc(room);
    if (!start) return;
    char *first = (char *)(((uintptr_t)start + page - 1) & ~(uintptr_t)(page - 1));
    (void)madvise(first, room - page, MADV_HUGEPAGE);
    free(start);
}

// As large as it begins, but fixed: by itself it grows with every such array that is freed.
void heap_borrow_large(void) { mallopt(M_MMAP_THRESHOLD, 128 << 10); }

void heap_give_back(void) { malloc_trim(0); }
