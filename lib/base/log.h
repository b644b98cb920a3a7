/* log.h -- one line per event on stderr: an event word and a JSON object of details.
 *
 * With the journal on stderr an event is a record of the journal instead (log_journal.h): MESSAGE,
 * PRIORITY, MESSAGE_ID (log_event.h), BILLINGD_EVENT, BILLINGD_PIPELINE, and each detail as
 * BILLINGD_NAME, but BILLINGD_REASON for error, why, explanation and problem.  Where its socket
 * cannot be had, a line starts with its <priority>.  Keys of details: pipeline, resource, kind,
 * service, op, field, want, have, verdict, error, code, request_id, ms, ...  Credentials have no
 * printer and never get here. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_ERROR = 3,
    LOG_WARNING = 4,
    LOG_INFO = 6,
    LOG_DEBUG = 7
}; /* syslog's numbers */

/* Nothing below this level is written.  Default LOG_INFO. */
void log_set_level(enum log_level level);
/* format and the rest: jansson json_pack, giving an object, e.g. "{s:s, s:i}"; NULL: no details. */
void log_error(const char *event, const char *format, ...);
void log_warning(const char *event, const char *format, ...);
void log_info(const char *event, const char *format, ...);
void log_debug(const char *event, const char *format, ...);

/* Who wants to know of each event from LOG_INFO on, whatever log_set_level says, as it is logged;
 * details: borrowed, NULL for none, secrets not hidden.  fn NULL: nobody. */
typedef void log_observe_fn(void *arg, enum log_level level, const char *event,
                            const json_t *details);
void log_observe(log_observe_fn *fn, void *arg);

/* For a program that must never stand still: from here on no line waits for whoever reads standard
 * error.  Lines that are not taken in time, or cannot be written, are dropped and counted; once
 * lines get through again, one tells how many were (log_lines_dropped).  See base/log_output.h. */
void log_never_wait(void);
/* Hands on lines that waited.  True: some still do; call again soon. */
bool log_flush(void);
/* Before the process ends: waits for the reader as long as it takes some every patience_ms. */
void log_drain(int patience_ms);
/* Whether events are records of the journal: texts for people should be events, too. */
bool log_goes_to_journal(void);
/* Lines and records dropped since the start. */
uint64_t log_dropped(void);

#endif
