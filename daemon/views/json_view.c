#include "daemon/views/json_view.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/secret/secret.h"
#include "base/text_width.h"

#include <stdio.h>

int json_view_print(const json_t *document)
{
    if (json_dumpf(document, stdout, JSON_INDENT(2)))
        return -1;
    return putchar('\n') == EOF ? -1 : 0;
}

int json_view_print_told(const json_t *document)
{
    json_auto_t *told = json_with_texts(document, secret_hide_known);

    return json_view_print(told);
}

char *json_view_line(const json_t *value, const char *nothing, int columns)
{
    json_auto_t *told = value ? json_with_texts(value, secret_hide_known) : NULL;
    cleanup_free char *text = NULL;

    if (!value)
        return mem_text(nothing);
    text = json_is_string(told) ? mem_text(json_string_value(told)) : json_canonical(told);
    return text_width_fit(text, columns);
}
