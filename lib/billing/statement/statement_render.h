/* statement_render.h -- a statement for people: as a page to print, and as text. */
#ifndef BILLING_STATEMENT_STATEMENT_RENDER_H
#define BILLING_STATEMENT_STATEMENT_RENDER_H

#include <jansson.h>

/* One HTML file that needs no other: for a screen, a phone, and paper (A4 or Letter).  Texts of the
 * document are escaped, names isolated from the direction of what surrounds them.  New text. */
char *statement_render_html(const json_t *document);
/* The same for a terminal, without the breakdown's rows; texts are as they are.  New text. */
char *statement_render_text(const json_t *document);
/* "Invoice", "Credit note", "Draft", "Unattributed usage". */
const char *statement_render_title(const json_t *document);
/* An amount that people read: thousands apart, and of more than 8 decimals the first 8 and "...";
 * new text. */
char *statement_render_amount(const char *amount);

#endif
