/* lint_rule.c -- what a lint found, in its own words. */
#include "spec/lint/lint_rule.h"

#include <stdarg.h>
#include <stdio.h>

bool lint_rule_say(struct lint_look *look, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(look->detail, sizeof look->detail, format, arguments);
    va_end(arguments);
    return true;
}
