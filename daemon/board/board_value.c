#include "daemon/board/board_value.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/secret/secret.h"

#include <string.h>

json_t *board_value_told(const json_t *value, bool trusted)
{
    if (!value || json_is_null(value))
        return json_null();
    if (trusted)
        return json_with_texts(value, secret_hide);
    if (json_is_number(value) || json_is_boolean(value))
        return json_deep_copy(value);
    return json_pack("{s:s}", "hidden",
                     json_is_string(value)  ? "text"
                     : json_is_array(value) ? "list"
                                            : "document");
}

char *board_value_field(const char *field, bool trusted)
{
    return trusted ? mem_text(field) : mem_text_n(field, strcspn(field, ".["));
}
