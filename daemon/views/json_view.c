#include "daemon/views/json_view.h"

#include <stdio.h>

int json_view_print(const json_t *document)
{
    if (json_dumpf(document, stdout, JSON_INDENT(2)))
        return -1;
    return putchar('\n') == EOF ? -1 : 0;
}
