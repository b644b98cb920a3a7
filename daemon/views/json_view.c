#include "daemon/views/json_view.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text_width.h"

#include <stdio.h>

int json_view_print(const json_t *document)
{
    if (json_dumpf(document, stdout, JSON_INDENT(2)))
        return -1;
    return putchar('\n') == EOF ? -1 : 0;
}

char *json_view_line(const json_t *value, const char *nothing, int columns)
{
    cleanup_free char *text = NULL;

    if (!value)
        return mem_text(nothing);
    text = json_is_string(value) ? mem_text(json_string_value(value)) : json_canonical(value);
    return text_width_fit(text, columns);
}
