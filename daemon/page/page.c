#include "daemon/page/page.h"

#include "base/digest.h"
#include "base/mem.h"
#include "daemon/page/page_embed.h"
#include "daemon/page/page_model.h"
#include "daemon/page/page_template.h"

#include <stdio.h>
#include <string.h>

/* Style and script stand in the page as they are in their files: that is what the hashes are of. */
static const char style_mark[] = "/*STYLE*/", script_mark[] = "/*SCRIPT*/";

void page_write(const json_t *documents, struct str *out)
{
    const char *html = page_embed_html;
    const char *style = strstr(html, style_mark), *script = strstr(html, script_mark);
    cleanup_free char *head = mem_text_n(html, (size_t)(style - html));
    cleanup_free char *body =
        mem_text_n(style + strlen(style_mark), (size_t)(script - style) - strlen(style_mark));
    json_auto_t *model = page_model(documents);

    page_template_write(head, model, out);
    str_add(out, page_embed_css);
    page_template_write(body, model, out);
    str_add(out, page_embed_js);
    page_template_write(script + strlen(script_mark), model, out);
}

/* 'sha256-...' as CSP wants it. */
static void add_hash(struct str *fields, const char *text)
{
    char hex[65];
    unsigned char bytes[32];

    digest_sha256(text, strlen(text), hex);
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
    str_add(fields, "'sha256-");
    str_add_base64(fields, bytes, sizeof bytes);
    str_add(fields, "'");
}

void page_fields(struct str *fields)
{
    str_add(fields, "Content-Security-Policy: default-src 'none'; style-src ");
    add_hash(fields, page_embed_css);
    str_add(fields, "; script-src ");
    add_hash(fields, page_embed_js);
    str_add(fields, "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                    "frame-ancestors 'none'\r\n"
                    "Referrer-Policy: no-referrer\r\nX-Frame-Options: DENY\r\n"
                    "Cross-Origin-Resource-Policy: same-origin\r\n"
                    "Cross-Origin-Opener-Policy: same-origin\r\n");
}
