/* ubl_private.h -- a statement on its way to UBL.
 *
 * ubl_sums.c   amounts: what is on lines, what is a charge or an allowance, and that they add up
 * ubl_facts.c  what the standard demands and the statement does not have
 * ubl_party.c  seller and buyer
 * ubl.c        the document */
#ifndef BILLING_BOOKKEEPING_UBL_PRIVATE_H
#define BILLING_BOOKKEEPING_UBL_PRIVATE_H

#include "billing/bookkeeping/ubl.h"
#include "billing/bookkeeping/ubl_writer.h"
#include "billing/prices/money.h"

#include <stdbool.h>

/* VAT of one category and rate (BG-23). */
struct ubl_tax {
    const char *category; /* UNTDID 5305: "S", "Z", "E", "AE", "O" */
    char *rate;           /* percent, in its shortest form */
    char *reason;         /* NULL: none */
    struct money taxable, amount;
    struct money on_lines; /* lines, charges and allowances so far */
};

/* A line of the statement. */
struct ubl_line {
    const json_t *line;
    size_t tax; /* its place among the taxes */
    struct money net;
};

struct ubl {
    const json_t *statement;
    bool is_credit, is_draft;
    bool turned; /* amounts have the opposite sign of the statement's */
    int digits;  /* of an amount: the currency's, 2 at most */
    struct ubl_tax *taxes;
    size_t tax_count;
    struct ubl_line *lines; /* BG-25 */
    size_t line_count;
    struct ubl_line *extras; /* BG-20 and BG-21: what is no usage */
    size_t extra_count;
    struct money line_sum, allowances, charges, net, tax, gross, rounding, due;
};

/* Reads taxes, lines and sums.  Whatever the statement lacks is 0 or not there. */
void ubl_sums(struct ubl *ubl, const json_t *statement);
void ubl_sums_free(struct ubl *ubl);
/* What of tax's taxable amount is on no line yet, because each line is rounded by itself. */
struct money ubl_sums_left(const struct ubl_tax *tax);
/* An amount of the statement, as the document has it; 0 where there is none. */
struct money ubl_sums_amount(const struct ubl *ubl, const json_t *object, const char *key);
/* Appends why the statement cannot be this document. */
void ubl_facts(const struct ubl *ubl, json_t *missing);
/* Writes the party below role ("cac:AccountingSupplierParty"). */
void ubl_party(const struct ubl *ubl, struct ubl_writer *writer, const char *role,
               const json_t *party, bool is_seller);

#endif
