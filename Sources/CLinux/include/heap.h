// The C heap of a command that lives for a moment.
#pragma once

/// Memory once taken from the kernel stays taken: no mmap for a large array, no trim when it goes. Thousands of peers come
/// and go in arrays of megabytes, and giving these back and taking them again costs a tenth of the time in page faults; as
/// much again is spared by pages of 2 MB.
void heap_keep(void);

/// Gives back what is free, for a process that lives long and had a lot in hand for a moment. Walks over the heap.
void heap_give_back(void);
