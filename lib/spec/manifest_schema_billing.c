/* manifest_schema_billing.c -- the `billing` section's part of the JSON Schema, written as JSON: it
 * follows no table of ours. */
#include "spec/manifest_private.h"

#include <stdlib.h>

/* Two texts: a C compiler need not take one of more than 4095 bytes. */
static const char prices_schema[] =
    "{'price': {'anyOf': [{'type': 'number', 'minimum': 0}, {'type': 'string', 'pattern':"
    " '^[0-9]+([.][0-9]{1,12})?$|[$][{]'}]},"
    "'day': {'type': 'string', 'pattern': '^[0-9]{4}-[0-9]{2}-[0-9]{2}$|[$][{]'},"
    "'count': {'anyOf': [{'type': 'integer', 'minimum': 0}, {'type': 'string', 'pattern':"
    " '^[0-9]+$|[$][{]'}]},"
    "'hours': {'type': 'string', 'pattern': '^[0-9]{1,5}[hd]$|[$][{]'},"
    "'tariff.calls': {'type': 'object', 'additionalProperties': false, 'required': ['mode',"
    " 'tiers'], 'properties': {'mode': {'enum': ['graduated', 'volume']}, 'tiers': {'type':"
    " 'array', 'minItems': 1, 'items': {'type': 'object', 'additionalProperties': false,"
    " 'required': ['price'], 'properties': {'up_to': {'$ref': '#/$defs/count'}, 'price':"
    " {'$ref': '#/$defs/price'}}}}}},"
    "'tariff.bytes': {'type': 'object', 'additionalProperties': false, 'required': ['mode',"
    " 'tiers'], 'properties': {'mode': {'enum': ['graduated', 'volume']}, 'tiers': {'type':"
    " 'array', 'minItems': 1, 'items': {'type': 'object', 'additionalProperties': false,"
    " 'required': ['price'], 'properties': {'up_to_gib': {'$ref': '#/$defs/price'}, 'price':"
    " {'$ref': '#/$defs/price'}}}}}},"
    "'rule': {'type': 'object', 'additionalProperties': false, 'properties': {"
    "'status': {'anyOf': [{'type': 'integer'}, {'type': 'string', 'pattern':"
    " '^([1-9][0-9][0-9]|[1-9]xx|-)$|[$][{]'}], 'description': 'A status, or a class: 5xx.'},"
    "'route': {'type': 'string', 'description': 'A route key; a star at its end matches any end.'},"
    "'bill': {'type': 'boolean', 'description': 'false: neither calls nor bytes are billed.'},"
    "'call': {'$ref': '#/$defs/price'}, 'gib': {'$ref': '#/$defs/price'}}},"
    "'prices': {'type': 'object', 'additionalProperties': false, 'required': ['from'],"
    " 'properties': {'from': {'$ref': '#/$defs/day', 'description':"
    " 'First day these prices hold for.'},"
    "'call': {'$ref': '#/$defs/price', 'description': 'Price of a call.'},"
    "'gib': {'$ref': '#/$defs/price', 'description': 'Price of a GiB (2^30 bytes).'},"
    "'calls': {'$ref': '#/$defs/tariff.calls', 'description': 'Tiers instead of call.'},"
    "'bytes': {'$ref': '#/$defs/tariff.bytes', 'description': 'Tiers instead of gib.'},"
    "'free_calls': {'$ref': '#/$defs/count', 'description': 'Per customer and month.'},"
    "'free_gib': {'$ref': '#/$defs/price', 'description': 'Per customer and month.'},"
    "'minimum': {'$ref': '#/$defs/price', 'description': 'Per customer and month.'},"
    "'rules': {'type': 'array', 'items': {'$ref': '#/$defs/rule'}, 'description':"
    " 'The first that matches a call decides.'}}},"
    "'customer': {'type': 'object', 'additionalProperties': false, 'required': ['sub', 'customer'],"
    " 'properties': {'sub': {'type': 'string'}, 'customer': {'type': 'string'}, 'name': {'type':"
    " 'string'}, 'from': {'$ref': '#/$defs/day'}, 'to': {'$ref': '#/$defs/day', 'description':"
    " 'Last day.'}}}}";
static const char section_schema[] =
    "{'rollup': {'type': ['object', 'null'], 'additionalProperties': false, 'properties': {"
    "'since': {'$ref': '#/$defs/day', 'description': 'First billing day.'},"
    "'group_by': {'type': 'array', 'items': {'enum': ['sub', 'user', 'method', 'path', 'route',"
    " 'status']}}, 'late_days': {'$ref': '#/$defs/count', 'description':"
    " 'Days an event may arrive after its own and still count.'},"
    "'closed_after': {'$ref': '#/$defs/hours', 'description':"
    " 'A day is closed this long after it ended.'},"
    "'parallel_queries': {'$ref': '#/$defs/count'},"
    "'scan_budget': {'type': ['string', 'integer'], 'description':"
    " 'Bytes queries may scan in one pass, like 100GiB; 0: no limit.'},"
    "'keep_runs': {'$ref': '#/$defs/hours', 'description':"
    " 'Replaced builds are kept this long.'}}},"
    "'billing': {'type': ['object', 'null'], 'additionalProperties': false, 'properties': {"
    "'time_zone': {'type': 'string', 'description': 'IANA zone of billing days and months.'},"
    "'currency': {'type': 'string', 'pattern': '^[A-Z]{3}$|[$][{]'},"
    "'prices': {'type': 'array', 'items': {'$ref': '#/$defs/prices'}},"
    "'customers': {'type': ['array', 'null'], 'items': {'$ref': '#/$defs/customer'}},"
    "'rollup': {'$ref': '#/$defs/rollup'},"
    "'audit': {'type': ['object', 'null'], 'additionalProperties': false, 'properties': {'max_gap':"
    " {'type': ['string', 'number'], 'description': 'Share of events that may be missing: "
    "0.01%.'}}},"
    "'close': {'type': ['object', 'null'], 'additionalProperties': false, 'properties': {'archive':"
    " {'type': 'string', 'description': 'Prefix of closed months.'}, 'signing_key': {'type':"
    " ['string', 'null'], 'description': 'PEM file with an Ed25519 private key.'}}},"
    "'partitions': {'enum': ['projection', 'registration']}}}}";

static void add(json_t *definitions, const char *schema, size_t length)
{
    char text[4096];
    json_t *parsed;

    for (size_t i = 0; i < length; i++)
        text[i] = (char)(schema[i] == '\'' ? '"' : schema[i]);
    parsed = json_loadb(text, length, 0, NULL);
    if (!parsed)
        abort(); /* our own text */
    (void)json_object_update_missing(definitions, parsed);
    json_decref(parsed);
}

void schema_add_billing(json_t *definitions)
{
    add(definitions, prices_schema, sizeof prices_schema - 1);
    add(definitions, section_schema, sizeof section_schema - 1);
}
