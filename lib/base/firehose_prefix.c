#include "base/firehose_prefix.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char *first_expression(const char *prefix)
{
    const char *at = strstr(prefix, "!{");

    return at ? at : prefix + strlen(prefix);
}

char *firehose_prefix_fixed(const char *prefix)
{
    return mem_text_n(prefix, (size_t)(first_expression(prefix) - prefix));
}

char *firehose_prefix_folder(const char *prefix)
{
    const char *end = first_expression(prefix);

    while (end > prefix && end[-1] != '/')
        end--;
    return mem_text_n(prefix, (size_t)(end - prefix));
}

static bool add_letters(struct str *out, char letter, size_t count, const struct tm *day)
{
    int width = count > 1 ? 2 : 1;

    if (letter == 'y' && count == 2)
        str_addf(out, "%02d", (day->tm_year + 1900) % 100);
    else if (letter == 'y')
        str_addf(out, "%0*d", (int)count, day->tm_year + 1900);
    else if (letter == 'M' && count < 3)
        str_addf(out, "%0*d", width, day->tm_mon + 1);
    else if (letter == 'd' && count < 3)
        str_addf(out, "%0*d", width, day->tm_mday);
    else
        return false;
    return true;
}

/* A pattern of DateTimeFormatter; false at the first letter that a day does not decide. */
static bool add_pattern(struct str *out, const char *pattern, size_t length, const struct tm *day)
{
    bool quoted = false;

    for (size_t i = 0, count; i < length; i += count) {
        count = 1;
        if (pattern[i] == '\'') {
            if (i + 1 < length && pattern[i + 1] == '\'')
                str_add_char(out, pattern[i + count++]);
            else
                quoted = !quoted;
            continue;
        }
        while (i + count < length && pattern[i + count] == pattern[i])
            count++;
        if (quoted || !isalpha((unsigned char)pattern[i]))
            str_add_n(out, pattern + i, count);
        else if (!add_letters(out, pattern[i], count, day))
            return false;
    }
    return true;
}

char *firehose_prefix_of_day(const char *prefix, int64_t time_s)
{
    static const char opening[] = "!{timestamp:";
    static const char otherwise[] = "yyyy/MM/dd/"; /* and HH/ */
    struct str out = {0};
    struct tm day = timestamp_utc(time_s);
    const char *at = prefix, *next;

    for (; (next = strstr(at, "!{")) != NULL; at = strchr(next, '}') + 1) {
        const char *end = strchr(next, '}');

        str_add_n(&out, at, (size_t)(next - at));
        if (!end || strncmp(next, opening, sizeof opening - 1) != 0)
            return str_take(&out);
        next += sizeof opening - 1;
        if (!add_pattern(&out, next, (size_t)(end - next), &day))
            return str_take(&out);
    }
    str_add(&out, at);
    if (at == prefix)
        (void)add_pattern(&out, otherwise, sizeof otherwise - 1, &day);
    return str_take(&out);
}
