/* file_kind.c -- what a file begins with that is no text of ours: the one table. */
#include "base/file_kind.h"

#include <string.h>
#include <strings.h>

struct kind {
    const char *begin;
    size_t length;
    const char *told;
};

static const struct kind kinds[] = {
    {"\xff\xfe", 2, "UTF-16: save it as UTF-8"},
    {"\xfe\xff", 2, "UTF-16: save it as UTF-8"},
    {"\x1f\x8b", 2, "compressed: unpack it first (gunzip)"},
    {"\x1f\x9d", 2, "compressed: unpack it first (uncompress)"},
    {"BZh91AY&SY", 10, "compressed: unpack it first (bunzip2)"},
    {"\xfd\x37zXZ", 5, "compressed: unpack it first (unxz)"},
    {"\x28\xb5\x2f\xfd", 4, "compressed: unpack it first (unzstd)"},
    {"\x04\x22\x4d\x18", 4, "compressed: unpack it first (unlz4)"},
    {"7z\xbc\xaf\x27\x1c", 6, "an archive: unpack it first (7z x)"},
    {"PK\x03\x04", 4, "a spreadsheet or an archive: save it as text, or unpack it first"},
    {"\xd0\xcf\x11\xe0", 4, "a spreadsheet: save it as text"},
    {"%PDF-", 5, "a PDF: text is wanted"},
    {"{\\rtf", 5, "a document of a word processor (RTF): save it as plain text"},
    {"\x7f\x45LF", 4, "a program"},
};

/* Whichever case they are written in. */
static const struct kind marks[] = {
    {"<!doctype", 9, "HTML: save the file itself, not a page that shows or asks for it"},
    {"<html", 5, "HTML: save the file itself, not a page that shows or asks for it"},
    {"<?xml", 5, "XML: save it as plain text"},
};

const char *file_kind_told(const char *bytes, size_t length)
{
    if (length >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
        bytes += 3, length -= 3;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (length >= kinds[i].length && !memcmp(bytes, kinds[i].begin, kinds[i].length))
            return kinds[i].told;
    while (length && *bytes && strchr(" \t\r\n", *bytes))
        bytes++, length--;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (length >= marks[i].length && !strncasecmp(bytes, marks[i].begin, marks[i].length))
            return marks[i].told;
    return NULL;
}

bool file_kind_is_wide(const char *bytes, size_t length)
{
    return length >= 2 && (!bytes[0] || !bytes[1]);
}
