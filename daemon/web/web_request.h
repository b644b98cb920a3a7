/* web_request.h -- the head of an HTTP/1.x request, as strict as RFC 9112 asks. */
#ifndef DAEMON_WEB_WEB_REQUEST_H
#define DAEMON_WEB_WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

/* Request line, headers and body together must fit; a body besides. */
enum { WEB_HEAD = 8192, WEB_BODY = 4096 };

/* Texts lie in the head. */
struct web_request {
    const char *method;
    const char *path;   /* without query string; escapes are kept */
    const char *query;  /* what follows "?", "" when nothing does */
    const char *host;   /* of the target when it names one, else the field; NULL: none */
    const char *origin; /* NULL: none, as those below */
    const char *authorization;
    const char *type;
    bool action;      /* has Billingd-Action: 1, which no form of another site sends */
    bool keep;        /* the connection may serve another request */
    bool expects;     /* asks for leave to send its body */
    size_t size;      /* bytes of the head */
    size_t body_size; /* bytes of the body that follows it; at most WEB_BODY */
};

/* head: length bytes followed by a NUL; it is changed once it is complete.  0: more bytes are
 * needed. 200: request is filled in.  Any other is the status of a refusal: 400 malformed, 413 has
 * a body that is too long or of unknown length, 414 or 431 too long, 505 not HTTP/1.x. */
int web_request_parse(char *head, size_t length, struct web_request *request);

#endif
