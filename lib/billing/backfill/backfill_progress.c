/* backfill_progress.c -- what is being done, told to who asked for it. */
#include "billing/backfill/backfill_private.h"

#include <stdarg.h>
#include <stdio.h>

void backfill_progress(const struct backfill *backfill, const char *format, ...)
{
    char text[160];
    va_list args;

    if (!backfill->request->progress)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    backfill->request->progress(backfill->request->arg, text);
}
