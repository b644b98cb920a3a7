#include "billing/verify/verify_findings.h"

#include "billing/close/close_text.h"

void verify_findings_differ(struct verify *verify, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    close_text_add(verify->differences, format, args);
    va_end(args);
}

void verify_findings_agree(struct verify *verify, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    close_text_add(verify->checked, format, args);
    va_end(args);
}

void verify_findings_note(struct verify *verify, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    close_text_add(verify->notes, format, args);
    va_end(args);
}
