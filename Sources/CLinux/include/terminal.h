// The terminal's size: an ioctl, which Swift cannot call because it is variadic.
#pragma once

/// Characters in a line of the terminal that is open as `fd`; 0 where it is none, or does not say.
int terminal_columns(int fd);
