/* secret_letters.h -- the letters that encoded and random texts are made of, as tables by
 * byte, and runs of them.  No table has a NUL, so that a run ends with its text at the latest. */
#ifndef BASE_SECRET_LETTERS_H
#define BASE_SECRET_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_LETTERS_PARTS = 16 + 1 };

/* Of base64, also as URLs have it: the six bits, and one more. */
extern const unsigned char secret_letters_base64[256];
/* Hexadecimal digits: the value and one more; SECRET_LETTERS_PARTS: a blank or colon. */
extern const unsigned char secret_letters_hex[256];
/* Of keys and tokens of AWS: 1 capitals, 2 small ones, 3 digits, 4 plus and slash. */
extern const unsigned char secret_letters_chance[256];

/* The value of a hexadecimal digit; -1: it is none. */
static inline int secret_letters_hex_value(char c)
{
    int digit = secret_letters_hex[(unsigned char)c];

    return digit < SECRET_LETTERS_PARTS ? digit - 1 : -1;
}
/* Of so many hexadecimal digits at text; -1: there are not so many. */
long secret_letters_hex_number(const char *text, size_t digits);
/* The byte of two digits at text[*from], then *from is behind them and what parts them from other
 * such; -1: there are none. */
int secret_letters_hex_pair(const char *text, size_t *from);

struct secret_letters_run {
    const unsigned char *letters;
    size_t least;     /* so many in a row */
    size_t from, end; /* 0 before the first */
};

/* Goes on to the next run in the text; false: there is none. */
bool secret_letters_next(struct secret_letters_run *run, const char *text, size_t length);

#endif
