/* progress_while.h -- what the process waits for, told to people while it can do nothing else: no
 * event loop turns that would draw it. */
#ifndef DAEMON_VIEWS_PROGRESS_WHILE_H
#define DAEMON_VIEWS_PROGRESS_WHILE_H

#include <stdbool.h>

struct progress_while;

/* On a terminal, after the first second, standard error shows "subject: doing" and for how long
 * (progress.h), drawn by a thread; until progress_while_end nobody else may write there.  NULL
 * where standard error is no terminal, or no thread is to be had. */
struct progress_while *progress_while_start(const char *subject, const char *doing, bool color);
/* Takes it away and frees; NULL is harmless. */
void progress_while_end(struct progress_while *shown);

#endif
