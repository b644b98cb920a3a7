/* log_format.h -- what the view finds in the lines of a log format, key by key. */
#ifndef SPEC_LINT_LOG_FORMAT_H
#define SPEC_LINT_LOG_FORMAT_H

#include "spec/lint/lint_subject.h"
#include "spec/lint/log_key.h"

/* Bytes of a log event that are kept: 256 KiB less what CloudWatch Logs counts for the event.
 * Source: PutLogEvents, CloudWatch Logs API reference. */
enum { LOG_FORMAT_EVENT_BYTES = 262144 - 26 };

/* Where each key comes from: key -> "variable", "" where nothing of the request is in it, or
 * "variable and other text" where more stands beside.  NULL when the lines are no JSON. */
json_t *log_format_sources(const char *format);
/* The same, worked out once for all that have the subject's `known` in common. */
json_t *log_format_sources_in(const struct lint_subject *subject, const char *format);
/* Whether a view among the documents reads the key; true where there is no view to ask. */
bool log_format_is_read(const struct lint_subject *subject, const struct log_key *key);
/* Whether one of the key's names has what it is read for. */
bool log_format_gives(const struct lint_subject *subject, const json_t *sources,
                      const struct log_key *key);
/* Whether a key of that name is filled with another variable than it is read for. */
bool log_format_mistakes(const json_t *sources, const char *name);
/* What bills lose while lines come as `have` instead of `want`, by the shipped view: sentences; ""
 * when each key that a bill is made of comes from the same variable, as safe from callers.
 * *unread: no call can be read of such lines.  New text. */
char *log_format_lost(const char *want, const char *have, bool *unread);
/* What a hostile caller can take away: a list of {variable, keys}, each with the billed keys that
 * do not survive a value of that variable.  NULL or empty: nothing. */
json_t *log_format_losses(const char *format);
/* The same, worked out once for all that have the subject's `known` in common. */
json_t *log_format_losses_in(const struct lint_subject *subject, const char *format);
/* The longest line that callers can make. */
size_t log_format_longest(const char *format);
/* Bytes of a usual line, and (returned) those of a line with only what a bill needs of it; 0: the
 * lines are no JSON. */
size_t log_format_needed(const char *format, size_t *bytes);

#endif
