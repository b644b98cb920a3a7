#include "billing/close/close_text.h"

void close_text_add(json_t *list, const char *format, va_list args)
{
    json_t *text = json_vsprintf(format, args);

    json_array_append_new(list, text ? text : json_string("something whose name is no UTF-8"));
}
