/* log.h -- one line per event on stderr: an event word and a JSON object of details.
 *
 * With the journal on stderr ($JOURNAL_STREAM) a line starts with its <priority>.  Fixed keys:
 * event, pipeline, resource, kind, service, op, field, want, have, verdict, error, code,
 * request_id, ms. Credentials have no printer and never get here. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

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

#endif
