/* audit_view.h -- an audit for people, and as rows. */
#ifndef DAEMON_VIEWS_AUDIT_VIEW_H
#define DAEMON_VIEWS_AUDIT_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The ladder, the worst hours, days that do not fit, what is excluded, and the verdict. */
void audit_view_print(const json_t *audit, FILE *out, bool color);
/* A row for each hour (RFC 4180, CRLF); unknown counts are empty. */
void audit_view_csv(const json_t *audit, FILE *out);
/* Why an audit cannot tell, a line each (its "reasons"). */
void audit_view_reasons(const json_t *reasons, FILE *out);

#endif
