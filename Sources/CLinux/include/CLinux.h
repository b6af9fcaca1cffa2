// What Swift cannot say of Linux: CMSG macros, ioctls, variadic calls. Nothing here decides anything.
#pragma once

#include "checksum.h"
#include "descriptors.h"
#include "files.h"
#include "grace.h"
#include "heap.h"
#include "launch.h"
#include "poller.h"
#include "privileges.h"
#include "probe.h"
#include "process.h"
#include "routes.h"
#include "stop.h"
#include "terminal.h"
#include "tun.h"
#include "udp.h"
