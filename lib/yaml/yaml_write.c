/* yaml_write.c -- JSON values as YAML text, through libyaml's emitter. */
#include "base/mem.h"
#include "base/printable.h"
#include "base/str.h"
#include "yaml/yaml.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

static int append(void *arg, unsigned char *bytes, size_t size)
{
    str_add_n(arg, bytes, size);
    return 1;
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
    if (!made || !yaml_emitter_emit(emitter, event))
        abort(); /* out of memory, or an event out of order: our fault */
}

/* Texts that some reader would take for a number, a truth value, a date or nothing at all. */
static bool is_ambiguous(const char *text)
{
    static const char *const words[] = {"y",  "n",   "yes",  "no",   "true", "false",
                                        "on", "off", "null", "none", "~",    "<<"};

    if (!*text || isdigit((unsigned char)*text) || strchr("+-.=", *text))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(text, words[i]))
            return true;
    return false;
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;

    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                      (int)strlen(text), 1, 1, style));
}

static void emit_text(yaml_emitter_t *emitter, const char *text)
{
    yaml_scalar_style_t style = YAML_ANY_SCALAR_STYLE;

    if (printable_is(text) && strchr(text, '\n'))
        style = YAML_LITERAL_SCALAR_STYLE;
    else if (!printable_is(text) || is_ambiguous(text))
        style = YAML_DOUBLE_QUOTED_SCALAR_STYLE; /* where an escape is the character itself */
    emit_scalar(emitter, text, style);
}

static void emit_value(yaml_emitter_t *emitter, const json_t *value)
{
    yaml_event_t event;
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_object(value)) {
        emit(emitter, &event,
             yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_ANY_MAPPING_STYLE));
        json_object_foreach((json_t *)value, key, item) {
            emit_text(emitter, key);
            emit_value(emitter, item);
        }
        emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
    } else if (json_is_array(value)) {
        emit(emitter, &event,
             yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_ANY_SEQUENCE_STYLE));
        json_array_foreach(value, i, item)
            emit_value(emitter, item);
        emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
    } else if (json_is_string(value)) {
        emit_text(emitter, json_string_value(value));
    } else {
        cleanup_free char *text = json_dumps(value, JSON_ENCODE_ANY);

        emit_scalar(emitter, text, YAML_PLAIN_SCALAR_STYLE);
    }
}

char *yaml_write(const json_t *value)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    struct str text = {0};

    if (!yaml_emitter_initialize(&emitter))
        abort();
    yaml_emitter_set_output(&emitter, append, &text);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit_value(&emitter, value);
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&emitter);
    return str_take(&text);
}
