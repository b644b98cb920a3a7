#include "billing/bookkeeping/ubl_writer.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

bool ubl_writer_says(const char *text)
{
    return text && text[strspn(text, " \t\r\n")];
}

/* Bytes of a character that XML 1.0 has no place for; 0: it has. */
static size_t forbidden(const char *text)
{
    unsigned char first = (unsigned char)*text;

    if (first < 0x20)
        return strchr("\t\n\r", first) ? 0 : 1;
    /* U+FFFE and U+FFFF; half surrogates are in no UTF-8 */
    return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0 ? 3 : 0;
}

void ubl_writer_text(struct str *out, const char *text)
{
    while (*text) {
        size_t length = forbidden(text);

        if (length)
            str_add(out, REPLACEMENT);
        else if (*text == '&')
            str_add(out, "&amp;");
        else if (*text == '<')
            str_add(out, "&lt;");
        else if (*text == '>')
            str_add(out, "&gt;");
        else if (*text == '\r') /* a reader would make a line feed of it */
            str_add(out, "&#13;");
        else
            str_add_char(out, *text);
        text += length ? length : 1;
    }
}

static void indent(struct ubl_writer *writer)
{
    for (int i = 0; i < writer->depth; i++)
        str_add(&writer->out, "  ");
}

void ubl_writer_open(struct ubl_writer *writer, const char *name)
{
    indent(writer);
    str_addf(&writer->out, "<%s>\n", name);
    writer->depth++;
}

void ubl_writer_close(struct ubl_writer *writer, const char *name)
{
    writer->depth--;
    indent(writer);
    str_addf(&writer->out, "</%s>\n", name);
}

void ubl_writer_leaf_with(struct ubl_writer *writer, const char *name, const char *attribute,
                          const char *value, const char *text)
{
    if (!ubl_writer_says(text))
        return;
    indent(writer);
    str_addf(&writer->out, "<%s", name);
    if (attribute)
        str_addf(&writer->out, " %s=\"%s\"", attribute, value);
    str_add_char(&writer->out, '>');
    ubl_writer_text(&writer->out, text);
    str_addf(&writer->out, "</%s>\n", name);
}

void ubl_writer_leaf(struct ubl_writer *writer, const char *name, const char *text)
{
    ubl_writer_leaf_with(writer, name, NULL, NULL, text);
}
