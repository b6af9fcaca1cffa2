// The word that a command shall stop: SIGINT or SIGTERM. It is noted, so that what was begun comes to a good end.
#pragma once

/// Notes SIGINT and SIGTERM from now on. SIGHUP and SIGPIPE are nothing: a terminal that is gone stops no command. A signal that
/// this process was started to ignore stays ignored. A process that noted one ends by it, in place of its exit status.
void stop_note(void);
/// All four do again what they did before `stop_note`; of calls within each other, at the end of the outermost. What was noted stays
/// noted.
void stop_note_no_more(void);
/// The first signal that was noted; 0 is none.
int stop_signal(void);
/// To be polled beside whatever is waited for: readable once a signal is noted. -1, which poll(2) passes over, where none is
/// noted by this process, and after `stop_disregard`.
int stop_descriptor(void);
/// Nothing is given up any more because of a signal, until the next `stop_note`: what is under way is what leads to a good end.
void stop_disregard(void);
