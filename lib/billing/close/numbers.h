/* numbers.h -- the register of numbers: each document's number is given once, for good.
 *
 * Below "billing/numbers/PIPELINE/" lies an entry for each number ("shop-2025-10-c1.json"), put
 * with If-None-Match: * before anything else of the document is signed: whoever writes it has the
 * number. It holds the manifest, its signature and the bill, so that what was interrupted can be
 * finished, and what was deleted from the archive is still known, with its amounts.  A large bill
 * lies beside it, below "bills/", and the entry says where. */
#ifndef BILLING_CLOSE_NUMBERS_H
#define BILLING_CLOSE_NUMBERS_H

#include "aws/flow.h"
#include "base/str.h"
#include "billing/bill/bill_packed.h"
#include "billing/prices/calendar.h"
#include "billing/receipt/signature.h"
#include "billing/store/billing.h"

/* Wherever close.archive lets the documents lie: with another place no number is given again. */
#define NUMBERS_PREFIX "billing/numbers/"

/* A number: that of a month's invoice (correction 0) or of a correction. */
struct number {
    struct day month; /* its first day */
    unsigned correction;
};
/* "shop-2025-10", "shop-2025-10-c1": the same for the same month, whoever asks; new text. */
char *numbers_text(const struct billing *billing, struct number number);
/* The reverse; false when the text is no number of this pipeline. */
bool numbers_parse(const struct billing *billing, const char *text, struct number *number);

struct numbers_entry {
    char hash[65];   /* SHA-256 of the manifest; "": the number was not given */
    struct str text; /* the manifest */
    unsigned char signature[SIGNATURE_BYTES];
    json_t *manifest;
    struct bill_packed *bill; /* NULL: it lies at bill_at */
    char *bill_at;            /* its key; NULL: it is part of the entry */
};
/* Reads the entry of a number; that there is none is no failure.  -1 and *e: it cannot be read, or
 * is no entry (ERR_EVIDENCE).  Give back with numbers_fini, also on failure. */
int numbers_read(struct flow *flow, const struct billing *billing, struct number number,
                 struct numbers_entry *entry, struct err *e);
/* The same of an entry that lies at a key, whoever it is of. */
int numbers_read_at(struct flow *flow, const struct billing *billing, const char *key,
                    struct numbers_entry *entry, struct err *e);
void numbers_fini(struct numbers_entry *entry);
/* [key]: bills beside the register that no entry names: a close that is under way put them there,
 * or one that was cut off before its number.  Nothing reads them.  Entries are read only where
 * there are such bills, the newest first.  New reference; NULL and *e. */
json_t *numbers_left(struct flow *flow, const struct billing *billing, struct err *e);
/* The bill of an entry, wherever it lies; bill_packed_free.  NULL and *e (ERR_EVIDENCE): it is
 * gone, or no bill any more. */
struct bill_packed *numbers_bill(struct flow *flow, const struct billing *billing,
                                 const struct numbers_entry *entry, struct err *e);
/* Puts the bill of an entry that is to be written where it lies beside it, when it is large.  -1
 * and *e. */
int numbers_put_bill(struct flow *flow, const struct billing *billing, struct numbers_entry *entry,
                     struct err *e);
/* Gives the number to a manifest.  0: it has it, now or before; 1: another document has it; -1 and
 * *e. */
int numbers_give(struct flow *flow, const struct billing *billing, struct number number,
                 const struct numbers_entry *entry, struct err *e);
/* Puts the same entry at a key, as archive_object_put: nothing is given by that. */
int numbers_put_at(struct flow *flow, const struct billing *billing, const char *key,
                   const struct numbers_entry *entry, struct err *e);
/* Why the entry's manifest is not signed by the key, or its bill not the one of the manifest, ""
 * when all is good; new text, or NULL and *e when that cannot be known. */
char *numbers_what_is_wrong(struct flow *flow, const struct billing *billing,
                            const struct numbers_entry *entry, const struct signature_key *key,
                            struct err *e);
/* All numbers that were given, as texts; new reference, or NULL and *e. */
json_t *numbers_given(struct flow *flow, const struct billing *billing, struct err *e);

#endif
