#include "state/duration.h"

#include <stdlib.h>
#include <string.h>

int64_t duration_seconds(const char *text)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;

    if (digits < 1 || digits > 9 || !unit || text[digits + 1])
        return -1;
    return strtoll(text, NULL, 10) > 0 ? strtoll(text, NULL, 10) * seconds[unit - units] : -1;
}
