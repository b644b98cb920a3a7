/* standard_streams.h -- descriptors 0 to 2: open before anything else, the one place where texts
 * leave, and known to be written at the end. */
#ifndef DAEMON_VIEWS_STANDARD_STREAMS_H
#define DAEMON_VIEWS_STANDARD_STREAMS_H

/* Fills those that are closed, so that no file or socket takes their place, and has standard output
 * and error made printable (base/printable).  What is written to a standard output that was closed
 * fails. */
void standard_streams_open(void);
/* What follows on standard output is data for a program (CSV): byte by byte as it is, unless a
 * terminal gets it. */
void standard_streams_exact(void);
/* Writes out standard output.  Returns code, or EXIT_FAILED, told on standard error, when what was
 * printed did not arrive.  A reader that has left (head) is not told. */
int standard_streams_close(int code);

#endif
