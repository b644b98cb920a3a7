/* page_words.h -- states, times and numbers as people read them. */
#ifndef DAEMON_PAGE_PAGE_WORDS_H
#define DAEMON_PAGE_PAGE_WORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* {"class": "ok"|"busy"|"unknown"|"warn"|"bad"|"none", "word": "In sync"}: class picks colour and
 * sign, word says it; what nobody knows is unknown. New reference. */
json_t *page_words_state(const char *state);
/* The same of a station: rollups and bill have words of their own. */
json_t *page_words_station(const char *station, const char *state);
/* The same for the rollup of a day. */
json_t *page_words_day(const char *state, bool builds);
/* The same of a month: closed or not. */
json_t *page_words_month(const char *state);
/* "events are lost", ... of a loss class; NULL for none. */
const char *page_words_loss(const char *loss);
/* {"iso", "text": "3 min ago"} of the API's text of a moment; NULL for null. New reference. */
json_t *page_words_time(const json_t *moment, int64_t now_s);
/* Seconds of the API's text of a moment; 0 for null. */
int64_t page_words_seconds(const json_t *moment);
/* "1,234,567"; "unknown" for null.  New text. */
char *page_words_count(const json_t *number);
/* "1.2 M": three digits at most.  New text. */
char *page_words_short(const json_t *number);
/* A name of ours with blanks and a capital: "log_group" is "Log group"; new text. */
char *page_words_title(const char *name);

#endif
