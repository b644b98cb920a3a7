/* secret_letters.c -- the letters that encoded and random texts are made of. */
#include "base/secret/secret_letters.h"

#define TWO(first, value) [first] = (value), [(first) + 1] = (value) + 1
#define SIX(first, value)                                                                          \
    TWO(first, value), TWO((first) + 2, (value) + 2), TWO((first) + 4, (value) + 4)
#define TEN(first, value)                                                                          \
    SIX(first, value), TWO((first) + 6, (value) + 6), TWO((first) + 8, (value) + 8)
#define ALPHABET(first, value)                                                                     \
    TEN(first, value), TEN((first) + 10, (value) + 10), SIX((first) + 20, (value) + 20)

#define BOTH(first, class) [first] = (class), [(first) + 1] = (class)
#define ALL_SIX(first, class) BOTH(first, class), BOTH((first) + 2, class), BOTH((first) + 4, class)
#define ALL_TEN(first, class)                                                                      \
    ALL_SIX(first, class), BOTH((first) + 6, class), BOTH((first) + 8, class)
#define ALL(first, class)                                                                          \
    ALL_TEN(first, class), ALL_TEN((first) + 10, class), ALL_SIX((first) + 20, class)

const unsigned char secret_letters_base64[256] = {
    ALPHABET('A', 1), ALPHABET('a', 27), TEN('0', 53), ['+'] = 63,
    ['-'] = 63,       ['/'] = 64,        ['_'] = 64};

const unsigned char secret_letters_hex[256] = {
    TEN('0', 1), SIX('a', 11),
    SIX('A', 11), [' '] = SECRET_LETTERS_PARTS, [':'] = SECRET_LETTERS_PARTS};

const unsigned char secret_letters_chance[256] = {ALL('A', 1), ALL('a', 2),
                                                  ALL_TEN('0', 3), ['+'] = 4, ['/'] = 4};

long secret_letters_hex_number(const char *text, size_t digits)
{
    long number = 0;

    for (size_t i = 0; i < digits; i++) {
        int value = secret_letters_hex_value(text[i]);

        if (value < 0)
            return -1;
        number = number * 16 + value;
    }
    return number;
}

int secret_letters_hex_pair(const char *text, size_t *from)
{
    const char *at = text + *from;
    int high = secret_letters_hex_value(at[0]);
    int low = high < 0 ? -1 : secret_letters_hex_value(at[1]);

    if (low < 0)
        return -1;
    *from += 2;
    *from += secret_letters_hex[(unsigned char)at[2]] == SECRET_LETTERS_PARTS &&
             secret_letters_hex_value(at[3]) >= 0;
    return high * 16 + low;
}

/* From where a run of that many would end backwards: most texts are passed over in steps of it. */
bool secret_letters_next(struct secret_letters_run *run, const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t from = run->end, at;

    for (; from + run->least <= length; from = at) {
        for (at = from + run->least; at > from && run->letters[bytes[at - 1]];)
            at--;
        if (at > from)
            continue;
        for (at += run->least; run->letters[bytes[at]];)
            at++;
        run->from = from;
        run->end = at;
        return true;
    }
    return false;
}
