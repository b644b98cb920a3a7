/* page_template.h -- a template and values make HTML: Mustache without partials and lambdas
 * (https://mustache.github.io/mustache.5.html).
 *
 * The one place where text becomes HTML: {{name}} is always escaped, and there is no form that is
 * not.  No C library of Debian 12 speaks it. */
#ifndef DAEMON_PAGE_PAGE_TEMPLATE_H
#define DAEMON_PAGE_PAGE_TEMPLATE_H

#include "base/str.h"

#include <jansson.h>

/* Appends.  {{a.b}}, {{.}}, {{#a}}..{{/a}} (each item, or once when it is something),
 * {{^a}}..{{/a}} (when it is nothing: missing, null, false, "", [], 0 is something), {{!words}}.  A
 * template that is not closed properly aborts: it is compiled in. */
void page_template_write(const char *template, const json_t *values, struct str *out);

#endif
