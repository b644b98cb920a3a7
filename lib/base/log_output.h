/* log_output.h -- where log lines go: standard error, which may be a pipe that nobody reads.
 *
 * Until log_output_never_wait a line is written as a shell expects it: all of it, however long that
 * takes.  From then on no write waits: what the reader does not take yet is kept, LOG_OUTPUT_ROOM
 * bytes at most, and a line that does not fit is refused as a whole.
 *
 * O_NONBLOCK belongs to the open file description, which a shell has too: set on standard error it
 * would make the shell's own reads and writes fail.  So it is never set there.  A pipe or terminal
 * is opened once more, a socket is told with each send, a file on a disk does not wait; what may
 * not be opened (another user's terminal) gets little at a time, and only what poll(2) says it
 * takes. */
#ifndef BASE_LOG_OUTPUT_H
#define BASE_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_OUTPUT_ROOM = 262144 };

/* For the rest of the process.  SIGPIPE and SIGXFSZ must be ignored: a reader that left and a file
 * that is too large are errors then. */
void log_output_never_wait(void);
/* A line with its line break; false: it is not written, nor any part of it. */
bool log_output_line(const char *text, size_t length);
/* Hands on what is kept, as far as that goes without waiting.  True: some is left. */
bool log_output_flush(void);
/* Waits until all is handed on, or nobody took any of it for so long. */
void log_output_drain(int patience_ms);
/* Lines that were kept and then lost, because writing failed (a full disk, a reader that left). */
uint64_t log_output_lost(void);

#endif
