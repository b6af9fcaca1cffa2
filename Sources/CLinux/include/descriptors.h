// Descriptors that go from one process to another by a Unix socket.
#pragma once

/// Sends a descriptor along with one byte. 0, or -1 with errno.
int descriptor_send(int socket, int descriptor);
/// Receives one; the caller closes it. -1 with errno, and with ENOMSG where none came.
int descriptor_receive(int socket);
