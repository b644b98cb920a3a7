#include "daemon/page/page_template.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct frame {
    const json_t *value;
    const struct frame *around;
};

/* Inside {{ and }}. */
struct tag {
    char sign; /* '#', '^', '/', '!', or 0 */
    char name[64];
};

static void add_text(struct str *out, const char *text)
{
    for (; *text; text++)
        str_add_html(out, *text);
}

/* "a.b": the nearest frame that has a, then its b. */
static const json_t *look_up(const struct frame *frame, const char *name)
{
    const char *dot = strchr(name, '.');
    cleanup_free char *first = mem_text_n(name, dot ? (size_t)(dot - name) : strlen(name));
    const json_t *found = NULL;

    if (!strcmp(name, "."))
        return frame->value;
    for (; frame && !found; frame = frame->around)
        found = json_object_get(frame->value, first);
    while (dot && found) {
        const char *next = strchr(dot + 1, '.');
        cleanup_free char *step =
            mem_text_n(dot + 1, next ? (size_t)(next - dot - 1) : strlen(dot + 1));

        found = json_object_get(found, step);
        dot = next;
    }
    return found;
}

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value) || json_is_false(value) ||
           (json_is_string(value) && !*json_string_value(value)) ||
           (json_is_array(value) && !json_array_size(value));
}

static void add_value(struct str *out, const json_t *value)
{
    char *text = NULL;

    if (json_is_string(value)) {
        add_text(out, json_string_value(value));
    } else if (!is_nothing(value)) {
        text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        add_text(out, text);
        free(text);
    }
}

/* The next tag at or after text; what is before it goes to out (NULL: nowhere).  What follows it;
 * NULL: there is none. */
static const char *next_tag(const char *text, struct tag *tag, struct str *out)
{
    const char *open = strstr(text, "{{"), *close = open ? strstr(open, "}}") : NULL, *at;
    size_t length;

    if (out)
        str_add_n(out, text, close ? (size_t)(open - text) : strlen(text));
    if (!close)
        return NULL;
    at = open + 2;
    tag->sign = strchr("#^/!", *at) ? *at++ : '\0';
    length = (size_t)(close - at);
    if (tag->sign == '!')
        length = 0;
    if (length >= sizeof tag->name)
        abort();
    memcpy(tag->name, at, length);
    tag->name[length] = '\0';
    return close + 2;
}

static const char *write_until(const char *text, const char *end, const struct frame *frame,
                               struct str *out);

static const char *write_section(const char *text, const struct tag *tag, const struct frame *frame,
                                 struct str *out)
{
    const json_t *value = look_up(frame, tag->name);
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    const char *after;

    if (is_nothing(value) == (tag->sign == '#'))
        return write_until(text, tag->name, frame, NULL);
    if (tag->sign == '^')
        return write_until(text, tag->name, frame, out);
    after = text;
    for (size_t i = 0; i < count; i++) {
        const struct frame inner = {json_is_array(value) ? json_array_get(value, i) : value, frame};

        after = write_until(text, tag->name, &inner, out);
    }
    return after;
}

/* To the closing tag of that name, or to the end for NULL; out NULL: only finds it. */
static const char *write_until(const char *text, const char *end, const struct frame *frame,
                               struct str *out)
{
    struct tag tag;

    while ((text = next_tag(text, &tag, out))) {
        if (tag.sign == '/') {
            if (!end || strcmp(tag.name, end) != 0)
                abort();
            return text;
        }
        if (tag.sign == '#' || tag.sign == '^')
            text = out ? write_section(text, &tag, frame, out)
                       : write_until(text, tag.name, frame, NULL);
        else if (!tag.sign && out)
            add_value(out, look_up(frame, tag.name));
    }
    if (end)
        abort();
    return NULL;
}

void page_template_write(const char *template, const json_t *values, struct str *out)
{
    const struct frame frame = {values, NULL};

    (void)write_until(template, NULL, &frame, out);
}
