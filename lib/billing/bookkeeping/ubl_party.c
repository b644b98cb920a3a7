/* ubl_party.c -- seller (BG-4) and buyer (BG-7) of an invoice. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/bookkeeping/ubl_code.h"
#include "billing/bookkeeping/ubl_private.h"

#include <string.h>

static const char *address_line(const json_t *party, size_t i)
{
    return json_string_value(json_array_get(json_object_get(party, "address"), i));
}

/* The third line and what follows: there is one more place for them (BT-162, BT-163). */
static char *address_rest(const json_t *party)
{
    struct str rest = {0};
    const char *line;

    for (size_t i = 2; (line = address_line(party, i)); i++)
        if (ubl_writer_says(line))
            str_addf(&rest, "%s%s", rest.len ? ", " : "", line);
    return str_take(&rest);
}

static void add_address(struct ubl_writer *writer, const json_t *party)
{
    cleanup_free char *rest = address_rest(party);

    ubl_writer_open(writer, "cac:PostalAddress");
    ubl_writer_leaf(writer, "cbc:StreetName", address_line(party, 0));
    ubl_writer_leaf(writer, "cbc:AdditionalStreetName", address_line(party, 1));
    if (*rest) {
        ubl_writer_open(writer, "cac:AddressLine");
        ubl_writer_leaf(writer, "cbc:Line", rest);
        ubl_writer_close(writer, "cac:AddressLine");
    }
    ubl_writer_open(writer, "cac:Country");
    ubl_writer_leaf(writer, "cbc:IdentificationCode", json_text(party, "country"));
    ubl_writer_close(writer, "cac:Country");
    ubl_writer_close(writer, "cac:PostalAddress");
}

static void add_tax_number(struct ubl_writer *writer, const char *number, const char *scheme)
{
    ubl_writer_open(writer, "cac:PartyTaxScheme");
    ubl_writer_leaf(writer, "cbc:CompanyID", number);
    ubl_writer_open(writer, "cac:TaxScheme");
    ubl_writer_leaf(writer, "cbc:ID", scheme);
    ubl_writer_close(writer, "cac:TaxScheme");
    ubl_writer_close(writer, "cac:PartyTaxScheme");
}

/* Outside VAT no VAT number may stand on it (BR-O-02). */
static bool is_outside_vat(const struct ubl *ubl)
{
    return ubl->tax_count && strcmp(ubl->taxes[0].category, "O") == 0;
}

/* A number without its country's code in front is a local one: the seller's tax registration
 * (BT-32), and a legal registration of either (BT-30, BT-47), by which a seller is known
 * (BR-CO-26). */
static void add_numbers(const struct ubl *ubl, struct ubl_writer *writer, const json_t *party,
                        bool is_seller)
{
    const char *number = json_text(party, "tax_id"), *name = json_text(party, "name");
    bool vat = ubl_code_is_vat(number, json_text(party, "country")) && !is_outside_vat(ubl);

    if (ubl_writer_says(number) && vat)
        add_tax_number(writer, number, "VAT");
    else if (ubl_writer_says(number) && is_seller && !is_outside_vat(ubl))
        add_tax_number(writer, number, "TAX");
    ubl_writer_open(writer, "cac:PartyLegalEntity");
    ubl_writer_leaf(writer, "cbc:RegistrationName",
                    ubl_writer_says(name) ? name : json_text(party, "customer"));
    if (!vat)
        ubl_writer_leaf(writer, "cbc:CompanyID", number);
    ubl_writer_close(writer, "cac:PartyLegalEntity");
}

void ubl_party(const struct ubl *ubl, struct ubl_writer *writer, const char *role,
               const json_t *party, bool is_seller)
{
    const char *customer = json_text(party, "customer");

    ubl_writer_open(writer, role);
    ubl_writer_open(writer, "cac:Party");
    if (ubl_writer_says(customer)) {
        ubl_writer_open(writer, "cac:PartyIdentification");
        ubl_writer_leaf(writer, "cbc:ID", customer);
        ubl_writer_close(writer, "cac:PartyIdentification");
    }
    add_address(writer, party);
    add_numbers(ubl, writer, party, is_seller);
    ubl_writer_close(writer, "cac:Party");
    ubl_writer_close(writer, role);
}
