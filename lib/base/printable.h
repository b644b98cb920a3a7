/* printable.h -- bytes as they may reach a terminal or a log: nothing in them acts.
 *
 * Texts come from the environment, from specs and from AWS.  What could move a cursor, turn the
 * direction of text around or ring a bell is shown as an escape (\u001b), which in JSON and in
 * YAML's double quotes is the character itself.  Our own colours say that they are ours by a byte
 * that no UTF-8 text holds. */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include "base/str.h"

#include <stdint.h>

/* Stands for ESC ("[1m", "[2A", "[J" may follow) or the carriage return that follows it. */
#define PRINTABLE_OURS "\xff"

/* What could act on a terminal: control characters (C0 but line break and tab, DEL, C1), and those
 * that break lines or turn the direction of text around. */
bool printable_acts(uint32_t character);
/* Whether UTF-8 text holds none of them. */
bool printable_is(const char *text);
/* A text of others as a part of a line of ours: its line breaks are blanks, so that no line of it
 * passes for one that billingd says.  Taken over; NULL is none. */
char *printable_line(char *text);

/* A stream on its way; {0} to begin. */
struct printable {
    struct str rest; /* of a character, or a colour, that is not all there yet */
};
/* Adds bytes, made printable, to out. */
void printable_add(struct printable *stream, struct str *out, const char *bytes, size_t length);
/* Adds what is still incomplete, and ends. */
void printable_end(struct printable *stream, struct str *out);

#endif
