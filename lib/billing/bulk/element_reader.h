/* element_reader.h -- the elements of one list of a JSON document that arrives in pieces: memory
 * for one of them, however many there are, and for the document without them.
 *
 * It tells where elements begin and end; whether they are JSON says who parses them. */
#ifndef BILLING_BULK_ELEMENT_READER_H
#define BILLING_BULK_ELEMENT_READER_H

#include "base/str.h"

#include <stdbool.h>

/* An element that is longer is refused. */
enum { ELEMENT_READER_LONGEST = 16 << 20 };

struct element_reader {
    const char *list; /* the member of the document that is the list; NULL: the document is it */
    /* The next element, as it stands; false: it is none. */
    bool (*take)(void *arg, const char *text, size_t length);
    void *arg;

    struct str head;     /* the document, with the list empty */
    size_t count;        /* of elements that were given */
    bool broken, listed; /* listed: the list was found */
    /* Inside. */
    struct str element, key;
    size_t depth;
    bool in_text, escaped, in_list, was_key;
};
/* Pieces may be cut anywhere; false: it is broken, or take said so. */
bool element_reader_feed(struct element_reader *reader, const char *text, size_t length);
/* After the last piece: whether the document ended, and had the list.  Whether the head is JSON is
 * not looked at. */
bool element_reader_ended(const struct element_reader *reader);
void element_reader_fini(struct element_reader *reader);

#endif
