/* lint_rule.c -- what a lint found, in its own words. */
#include "spec/lint/lint_rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool lint_rule_say(struct lint_look *look, const char *format, ...)
{
    size_t length = strlen(look->detail);
    va_list arguments;

    if (length && length + 2 < sizeof look->detail)
        length = (size_t)(stpcpy(look->detail + length, "; ") - look->detail);
    va_start(arguments, format);
    (void)vsnprintf(look->detail + length, sizeof look->detail - length, format, arguments);
    va_end(arguments);
    return true;
}
