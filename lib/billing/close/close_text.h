/* close_text.h -- texts for people in lists of reasons, notes and differences. */
#ifndef BILLING_CLOSE_CLOSE_TEXT_H
#define BILLING_CLOSE_CLOSE_TEXT_H

#include <jansson.h>
#include <stdarg.h>

/* Appends the text, whatever bytes it is made of. */
void close_text_add(json_t *list, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
