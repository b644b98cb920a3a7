#include "billing/bulk/element_reader.h"

#include <string.h>

/* How deep the elements' list is, once it is open. */
static size_t list_depth(const struct element_reader *reader)
{
    return reader->list ? 2 : 1;
}

static bool begins_list(const struct element_reader *reader)
{
    if (reader->listed || reader->depth != list_depth(reader) - 1)
        return false;
    return !reader->list || (reader->was_key && !strcmp(str_text(&reader->key), reader->list));
}

/* Its room is used again. */
static void empty(struct str *text)
{
    text->len = 0;
    if (text->data)
        *text->data = '\0';
}

/* An element is over: a "," or the "]" of the list stands behind it. */
static void give(struct element_reader *reader, bool last)
{
    bool blank = !reader->element.len;

    if (blank && last && !reader->count)
        return; /* an empty list */
    if (blank || !reader->take(reader->arg, str_text(&reader->element), reader->element.len))
        reader->broken = true;
    reader->count++;
    empty(&reader->element);
}

static void put(struct element_reader *reader, char c)
{
    if (!reader->in_list)
        str_add_char(&reader->head, c);
    else if (reader->element.len || !strchr(" \t\r\n", c))
        str_add_char(&reader->element, c);
    reader->broken = reader->broken || reader->element.len > ELEMENT_READER_LONGEST;
}

/* The name of a member is the last text before a ":", at the top. */
static void note_text(struct element_reader *reader, char c)
{
    if (reader->depth == 1 && !reader->in_list)
        str_add_char(&reader->key, c);
}

static void in_text(struct element_reader *reader, char c)
{
    put(reader, c);
    if (reader->escaped)
        reader->escaped = false;
    else if (c == '\\')
        reader->escaped = true;
    else if (c == '"')
        reader->in_text = false;
    if (reader->in_text)
        note_text(reader, c);
}

static void go_in(struct element_reader *reader, char c)
{
    bool begins = c == '[' && begins_list(reader);

    put(reader, c);
    reader->depth++;
    reader->was_key = false;
    if (begins)
        reader->in_list = reader->listed = true;
}

static void go_out(struct element_reader *reader, char c)
{
    if (!reader->depth) {
        reader->broken = true;
        return;
    }
    if (reader->in_list && reader->depth == list_depth(reader)) {
        give(reader, true);
        reader->in_list = false;
    }
    put(reader, c);
    reader->depth--;
}

static void outside(struct element_reader *reader, char c)
{
    if (reader->in_list && reader->depth == list_depth(reader) && c == ',') {
        give(reader, false);
        return;
    }
    if (c == '"') {
        reader->in_text = true;
        empty(&reader->key);
    }
    if (c == '"' || c == ',' || c == ':')
        reader->was_key = c == ':';
    put(reader, c);
}

static void next(struct element_reader *reader, char c)
{
    if (reader->in_text)
        in_text(reader, c);
    else if (c == '[' || c == '{')
        go_in(reader, c);
    else if (c == ']' || c == '}')
        go_out(reader, c);
    else
        outside(reader, c);
}

bool element_reader_feed(struct element_reader *reader, const char *text, size_t length)
{
    for (size_t i = 0; i < length && !reader->broken; i++)
        next(reader, text[i]);
    return !reader->broken;
}

bool element_reader_ended(const struct element_reader *reader)
{
    return !reader->broken && reader->listed && !reader->depth && !reader->in_text;
}

void element_reader_fini(struct element_reader *reader)
{
    str_fini(&reader->head);
    str_fini(&reader->element);
    str_fini(&reader->key);
}
