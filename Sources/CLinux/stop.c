#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
enum { COUNT = sizeof signals / sizeof *signals };

static struct sigaction before[COUNT];
static volatile sig_atomic_t noted;
static volatile sig_atomic_t disregarded;
static int bell = -1;
static int depth;

static void note(int number) {
    const int error = errno;
    const uint64_t one = 1;
    if (!noted) noted = number;
    // A bell that rings already is as good.
    (void)!write(bell, &one, sizeof one);
    errno = error;
}

// Whoever started this process sees by which signal it ended, and a shell's script ends with it.
static void end_as_told(void) {
    if (!noted) return;
    signal(noted, SIG_DFL);
    raise(noted);
}

static void pass(int number) { (void)number; }

void stop_note(void) {
    static int is_registered;
    if (!is_registered) is_registered = atexit(end_as_told) == 0;
    // Without one, a signal is noted all the same, and waits are a little longer.
    disregarded = 0;
    if (bell < 0) bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (depth++) return;
    for (int i = 0; i < COUNT; i++) {
        // A handler and not SIG_IGN, which a program that is started would inherit.
        struct sigaction action = {.sa_handler = i < 2 ? note : pass, .sa_flags = SA_RESTART};
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
    }
}

void stop_note_no_more(void) {
    // What the inner one gave nothing up for is heard by the outer one.
    disregarded = 0;
    if (--depth) return;
    for (int i = 0; i < COUNT; i++) sigaction(signals[i], &before[i], NULL);
}

int stop_signal(void) { return noted; }

int stop_descriptor(void) { return disregarded ? -1 : bell; }

void stop_disregard(void) { disregarded = 1; }
