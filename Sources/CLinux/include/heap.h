// The C heap: of a command that lives for a moment, and of a process that lives long in locked memory.
#pragma once

/// Memory once taken from the kernel stays taken: no mmap for a large array, no trim when it goes. Thousands of peers come
/// and go in arrays of megabytes, and giving these back and taking them again costs a tenth of the time in page faults; as
/// much again is spared by pages of 2 MB.
void heap_keep(void);

/// For a process that lives long: an array of 128 KB or more comes from the kernel by itself and goes back to it, however many
/// there were before. In the heap the holes that such arrays leave could not be given back where memory is locked.
void heap_borrow_large(void);

/// Gives back what is free, for a process that lives long and had a lot in hand for a moment. Walks over the heap. Of locked
/// memory only the heap's end goes back, so call it when what was taken last is free again.
void heap_give_back(void);
