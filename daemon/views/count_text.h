/* count_text.h -- large counts, so that people can read them. */
#ifndef DAEMON_VIEWS_COUNT_TEXT_H
#define DAEMON_VIEWS_COUNT_TEXT_H

#include <jansson.h>

/* 1234567 as "1,234,567"; new text. */
char *count_text(json_int_t count);

#endif
