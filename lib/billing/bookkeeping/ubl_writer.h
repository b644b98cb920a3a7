/* ubl_writer.h -- XML as it is written down: elements one below the other, texts as XML 1.0 allows
 * them. */
#ifndef BILLING_BOOKKEEPING_UBL_WRITER_H
#define BILLING_BOOKKEEPING_UBL_WRITER_H

#include "base/str.h"

/* {0} to begin; the text is str_take(&writer.out). */
struct ubl_writer {
    struct str out;
    int depth;
};

/* Begins and ends an element that holds others. */
void ubl_writer_open(struct ubl_writer *writer, const char *name);
void ubl_writer_close(struct ubl_writer *writer, const char *name);
/* An element with a text; nothing where text is NULL or has nothing but blanks (EN 16931 takes an
 * empty element for an error). */
void ubl_writer_leaf(struct ubl_writer *writer, const char *name, const char *text);
/* The same with one attribute, whose value needs no escape. */
void ubl_writer_leaf_with(struct ubl_writer *writer, const char *name, const char *attribute,
                          const char *value, const char *text);
/* UTF-8 text as character data: markup escaped, U+FFFD for what no XML 1.0 document may hold
 * (https://www.w3.org/TR/xml/#charsets). */
void ubl_writer_text(struct str *out, const char *text);
/* Whether a text says anything: not NULL, and more than blanks. */
bool ubl_writer_says(const char *text);

#endif
