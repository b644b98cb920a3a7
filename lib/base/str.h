/* str.h -- a growing byte string, always ended with a NUL that len does not count.
 *
 * `struct str s = {0};` is an empty string.  str_take hands the bytes over; str_fini frees them. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
    char *data; /* NULL while nothing was added */
    size_t len;
    size_t room;
};

void str_add(struct str *s, const char *text);
void str_add_n(struct str *s, const void *bytes, size_t length);
void str_add_char(struct str *s, char c);
void str_addf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text, "" while empty; valid until the next call. */
const char *str_text(const struct str *s);
/* The bytes now belong to the caller (never NULL); *s is empty again. */
char *str_take(struct str *s);
void str_fini(struct str *s);
#define cleanup_str __attribute__((cleanup(str_fini)))

/* Percent-encodes every byte but A-Z a-z 0-9 - _ . ~ and those in keep (RFC 3986, upper-case hex).
 */
void str_add_escaped(struct str *s, const char *text, size_t length, const char *keep);
/* Reverses it ('+' stays '+'); broken escapes are kept as they are, and so is that of NUL, behind
 * which a text would end. Returns new text. */
char *str_unescape(const char *text);
/* A character of text as HTML has it, also in an attribute. */
void str_add_html(struct str *s, char c);
void str_add_hex(struct str *s, const unsigned char *bytes, size_t length);
void str_add_base64(struct str *s, const void *bytes, size_t length);
/* Decodes standard base64; returns new bytes (NUL-ended) and their number, or NULL if malformed. */
char *str_from_base64(const char *text, size_t *length);
bool str_ends_with(const char *text, const char *end);
/* Whether bytes are UTF-8 without NUL. */
bool str_is_utf8(const char *bytes, size_t length);
/* Makes text UTF-8 where it stands: each byte that is part of no character becomes '?'. */
void str_make_utf8(char *text);
/* How many letters must be changed, put in or left out to make the one of the other; 65 where
 * either has more than 64. */
size_t str_distance(const char *a, const char *b);
/* The candidate nearest to word by edit distance (letter case does not count), or NULL when none is
 * near enough to be a typo. candidates ends with NULL. */
const char *str_nearest(const char *word, const char *const *candidates);
/* What to say to a word that is none of candidates: "; did you mean x?", else which there are
 * ("; there are a, b"; the first dozen), "" when there are none; new text. */
char *str_hint(const char *word, const char *const *candidates);

#endif
