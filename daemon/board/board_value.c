#include "daemon/board/board_value.h"

#include "base/mem.h"
#include "base/secret.h"

#include <string.h>

static json_t *without_secrets(const json_t *value)
{
    cleanup_free char *text = NULL;
    json_t *copy, *each;
    const char *key;
    size_t i;

    if (json_is_string(value)) {
        text = secret_hide(json_string_value(value));
        return json_string(text);
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, each)
            json_array_append_new(copy, without_secrets(each));
        return copy;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    copy = json_object();
    json_object_foreach((json_t *)value, key, each)
        json_object_set_new(copy, key, without_secrets(each));
    return copy;
}

json_t *board_value_told(const json_t *value, bool trusted)
{
    if (!value || json_is_null(value))
        return json_null();
    if (trusted)
        return without_secrets(value);
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
