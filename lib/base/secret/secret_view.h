/* secret_view.h -- a text as its readers would read it: with escapes undone, lines joined,
 * base64 and hexadecimal decoded.  A view knows from where in the text each of its bytes comes. */
#ifndef BASE_SECRET_VIEW_H
#define BASE_SECRET_VIEW_H

#include <stdbool.h>
#include <stddef.h>

struct secret_view {
    const char *bytes; /* NUL-ended */
    size_t length;
    size_t *at; /* where in the text each begins, and the end; NULL: the view is the text */
    char *made; /* bytes, unless they are the text's own */
};

/* Views are given back with secret_view_fini.  This one lives no longer than the text. */
struct secret_view secret_view_of(const char *text);
void secret_view_fini(struct secret_view *view);
/* Where in the text the byte of that number begins. */
static inline size_t secret_view_at(const struct secret_view *view, size_t byte)
{
    return view->at ? view->at[byte] : byte;
}

/* Escapes undone once; false: there are none, and out is not made. */
bool secret_view_unescape(const struct secret_view *view, struct secret_view *out);
/* Lines joined: without breaks, the blanks that indent the next one, and the backslash that says
 * that it goes on. */
void secret_view_join(const struct secret_view *view, struct secret_view *out);
/* Bytes of the base64 letters from..to, which begin a group of four. */
void secret_view_base64(const struct secret_view *view, size_t from, size_t to,
                        struct secret_view *out);
/* Bytes of the digits in pairs from..to, which a blank or colon may part. */
void secret_view_hex(const struct secret_view *view, size_t from, size_t to,
                     struct secret_view *out);

#endif
