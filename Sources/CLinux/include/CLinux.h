// What Swift cannot say of Linux: CMSG macros, ioctls, variadic calls. Nothing here decides anything.
#pragma once
#include "launch.h"
