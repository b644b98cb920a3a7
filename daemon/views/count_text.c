#include "daemon/views/count_text.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

char *count_text(json_int_t count)
{
    cleanup_free char *digits = mem_printf("%" JSON_INTEGER_FORMAT, count);
    size_t n = strlen(digits);
    struct str out = {0};

    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0 && digits[i - 1] != '-')
            str_add_char(&out, ',');
        str_add_char(&out, digits[i]);
    }
    return str_take(&out);
}

char *count_text_size(double bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    if (bytes < 1024)
        return mem_printf("%.0f B", bytes);
    for (bytes /= 1024; bytes >= 1024 && unit < 3; unit++)
        bytes /= 1024;
    return mem_printf("%.1f %s", bytes, units[unit]);
}
