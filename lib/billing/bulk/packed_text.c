#include "billing/bulk/packed_text.h"

#include "billing/bulk/gzip.h"

static void pack(struct packed_text *packed)
{
    gzip_pack(str_text(&packed->text), packed->text.len, &packed->gzip);
    str_fini(&packed->text);
}

void packed_text_more(struct packed_text *packed)
{
    if (packed->text.len > PACKED_TEXT_PLAIN)
        pack(packed);
}

bool packed_text_end(struct packed_text *packed, struct str *out)
{
    bool is_gzip = packed->gzip.len > 0;

    if (is_gzip && packed->text.len)
        pack(packed);
    *out = is_gzip ? packed->gzip : packed->text;
    *packed = (struct packed_text){0};
    return is_gzip;
}
