/* web_answer.h -- the bytes of an answer. */
#ifndef DAEMON_WEB_WEB_ANSWER_H
#define DAEMON_WEB_WEB_ANSWER_H

#include "base/str.h"

#include <stdbool.h>

struct web_answer {
    int status;
    const char *type;       /* Content-Type */
    const struct str *body; /* borrowed */
    bool apart;             /* the body goes out by itself */
    const char *fields;     /* more header fields, each with its CR LF */
    bool head_only, keep;
};

#define WEB_ANSWER_PLAIN "text/plain; charset=utf-8"

/* Appends head and body. */
void web_answer_add(const struct web_answer *answer, struct str *out);
/* Appends the body of a refusal: its status in words. */
void web_answer_refusal(int status, struct str *body);

#endif
