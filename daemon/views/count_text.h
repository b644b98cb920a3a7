/* count_text.h -- large counts and sizes, so that people can read them. */
#ifndef DAEMON_VIEWS_COUNT_TEXT_H
#define DAEMON_VIEWS_COUNT_TEXT_H

#include <jansson.h>

/* 1234567 as "1,234,567"; new text. */
char *count_text(json_int_t count);
/* 1572864 as "1.5 MiB", 100 as "100 B"; new text. */
char *count_text_size(double bytes);

#endif
