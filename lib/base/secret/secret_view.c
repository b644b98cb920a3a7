/* secret_view.c -- a text as its readers would read it. */
#include "base/secret/secret_view.h"

#include "base/mem.h"
#include "base/secret/secret_escape.h"
#include "base/secret/secret_letters.h"

#include <string.h>

struct secret_view secret_view_of(const char *text)
{
    return (struct secret_view){.bytes = text, .length = strlen(text)};
}

void secret_view_fini(struct secret_view *view)
{
    free(view->made);
    free(view->at);
    *view = (struct secret_view){0};
}

/* With room for so many bytes. */
static void begin(struct secret_view *out, size_t room)
{
    out->made = mem_resize(NULL, room + 1, 1);
    out->at = mem_resize(NULL, room + 1, sizeof *out->at);
    out->bytes = out->made;
    out->length = 0;
}

static void add(struct secret_view *out, char c, size_t at)
{
    out->made[out->length] = c;
    out->at[out->length++] = at;
}

/* The bytes from..to as they are. */
static void add_run(struct secret_view *out, const struct secret_view *view, size_t from, size_t to)
{
    size_t *at = out->at + out->length;

    memcpy(out->made + out->length, view->bytes + from, to - from);
    out->length += to - from;
    if (view->at)
        memcpy(at, view->at + from, (to - from) * sizeof *at);
    else
        for (; from < to; from++)
            *at++ = from;
}

static void end(struct secret_view *out, size_t at)
{
    out->made[out->length] = '\0';
    out->at[out->length] = at;
}

bool secret_view_unescape(const struct secret_view *view, struct secret_view *out)
{
    struct secret_escape escape = {0};
    size_t from = 0;

    if (!secret_escape_next(&escape, view->bytes, view->length))
        return false;
    begin(out, view->length);
    do {
        add_run(out, view, from, escape.at);
        add(out, escape.meant, secret_view_at(view, escape.at));
        from = escape.at + escape.length;
    } while (secret_escape_next(&escape, view->bytes, view->length));
    add_run(out, view, from, view->length);
    end(out, secret_view_at(view, view->length));
    return true;
}

void secret_view_join(const struct secret_view *view, struct secret_view *out)
{
    const char *text = view->bytes;
    size_t next;

    begin(out, view->length);
    for (size_t i = 0; i < view->length; i = next) {
        bool goes_on = text[i] == '\\' && (text[i + 1] == '\n' || text[i + 1] == '\r');

        if (goes_on || text[i] == '\n' || text[i] == '\r') {
            next = i + goes_on + strspn(text + i + goes_on, "\r\n\t ");
        } else {
            next = i + 1 + strcspn(text + i + 1, "\r\n\\");
            add_run(out, view, i, next);
        }
    }
    end(out, secret_view_at(view, view->length));
}

void secret_view_base64(const struct secret_view *view, size_t from, size_t to,
                        struct secret_view *out)
{
    const unsigned char *text = (const unsigned char *)view->bytes;
    size_t last = from;

    begin(out, to - from);
    for (size_t i = from; i + 1 < to; i++) {
        size_t within = (i - from) % 4;
        int high = secret_letters_base64[text[i]] - 1, low = secret_letters_base64[text[i + 1]] - 1;

        if (within == 3) /* its six bits are the end of the byte before */
            continue;
        add(out, (char)(high << (2 + 2 * within) | low >> (4 - 2 * within)),
            secret_view_at(view, i));
        last = i + 2;
    }
    end(out, secret_view_at(view, last));
}

void secret_view_hex(const struct secret_view *view, size_t from, size_t to,
                     struct secret_view *out)
{
    size_t next = from, last = from;

    begin(out, to - from);
    for (int byte; (byte = secret_letters_hex_pair(view->bytes, &next)) >= 0; from = next) {
        add(out, (char)byte, secret_view_at(view, from));
        last = from + 2;
    }
    end(out, secret_view_at(view, last));
}
