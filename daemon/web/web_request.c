/* web_request.c -- takes the head of a request apart, in place. */
#include "daemon/web/web_request.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 9110 5.6.2: method and field names. */
static bool is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    return *text && strspn(text, allowed) == strlen(text);
}

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

/* "http://host:port/path" (RFC 9112 3.2.2): the host goes where the field's would; the path. */
static char *take_host(char *target, struct web_request *request)
{
    char *host = target + strlen("http://"), *path = strchr(host, '/');

    if (!path || path == host)
        return NULL;
    memmove(target, host, (size_t)(path - host));
    target[path - host] = '\0';
    request->host = target;
    return path;
}

/* "GET /path?query HTTP/1.1" */
static int parse_line(char *line, struct web_request *request, bool *host_needed)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    size_t path;

    if (!version)
        return 400;
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line) || strncmp(version, "HTTP/", 5) != 0 || !is_printable(target))
        return 400;
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return strlen(version) == 8 ? 505 : 400;
    if (!strncasecmp(target, "http://", 7))
        target = take_host(target, request);
    if (!target || *target != '/')
        return 400;
    path = strcspn(target, "?");
    request->query = target[path] ? target + path + 1 : target + path;
    target[path] = '\0';
    request->method = line;
    request->path = target;
    *host_needed = request->keep = !strcmp(version, "HTTP/1.1");
    return 200;
}

/* What was seen of fields that must not come twice. */
struct seen {
    bool host, length;
};

/* RFC 9112 6.3: a length that is wrong or said twice is how two readers come to disagree on where
 * the next request begins. */
static int note_length(struct web_request *request, const char *value, struct seen *seen)
{
    size_t zeros = strspn(value, "0"), digits = strspn(value, "0123456789");

    if (!digits || value[digits] || seen->length)
        return 400;
    seen->length = true;
    if (digits - zeros > 9 || strtoul(value, NULL, 10) > WEB_BODY)
        return 413;
    request->body_size = strtoul(value, NULL, 10);
    return 200;
}

static bool lists(const char *value, const char *word)
{
    for (size_t n; *value; value += n) {
        value += strspn(value, " \t,");
        n = strcspn(value, " \t,");
        if (n == strlen(word) && !strncasecmp(value, word, n))
            return true;
    }
    return false;
}

/* Twice, and one of two readers of the request takes the other. */
static int note_once(const char **field, const char *value)
{
    if (*field)
        return 400;
    *field = value;
    return 200;
}

static int note_host(struct web_request *request, const char *value, struct seen *seen)
{
    if (seen->host) /* RFC 9112 3.2 */
        return 400;
    seen->host = true;
    if (!request->host)
        request->host = value;
    return 200;
}

static int note_field(const char *name, const char *value, struct web_request *request,
                      struct seen *seen)
{
    if (!strcasecmp(name, "Host"))
        return note_host(request, value, seen);
    if (!strcasecmp(name, "Transfer-Encoding"))
        return 413;
    if (!strcasecmp(name, "Content-Length"))
        return note_length(request, value, seen);
    if (!strcasecmp(name, "Content-Type"))
        return note_once(&request->type, value);
    if (!strcasecmp(name, "Origin"))
        return note_once(&request->origin, value);
    if (!strcasecmp(name, "Authorization"))
        return note_once(&request->authorization, value);
    if (!strcasecmp(name, "Connection") && lists(value, "close"))
        request->keep = false;
    else if (!strcasecmp(name, "Expect"))
        request->expects = true;
    else if (!strcasecmp(name, "Billingd-Action"))
        request->action = !strcmp(value, "1");
    return 200;
}

/* "Name: value" */
static int parse_field(char *line, struct web_request *request, struct seen *seen)
{
    char *value = strchr(line, ':'), *end;

    if (!value)
        return 400;
    *value++ = '\0';
    value += strspn(value, " \t");
    for (end = value + strlen(value); end > value && (end[-1] == ' ' || end[-1] == '\t'); end--)
        end[-1] = '\0';
    if (!is_token(line) || strpbrk(value, "\r\n"))
        return 400;
    return note_field(line, value, request, seen);
}

int web_request_parse(char *head, size_t length, struct web_request *request)
{
    char *end = strstr(head, "\r\n\r\n");
    char *line = head, *next;
    struct seen seen = {0};
    bool host_needed = false;
    int status;

    /* TLS and other binary protocols are told at once; so is what cannot be a method. */
    if (memchr(head, '\0', end ? (size_t)(end - head) : length) ||
        (length && !is_token((char[]){*head, '\0'})))
        return 400;
    if (!end && length < WEB_HEAD)
        return 0;
    if (!end)
        return strstr(head, "\r\n") ? 431 : 414;
    *request = (struct web_request){.size = (size_t)(end - head) + 4};
    end[2] = '\0';
    next = strstr(line, "\r\n");
    *next = '\0';
    status = parse_line(line, request, &host_needed);
    for (line = next + 2; status == 200 && *line; line = next + 2) {
        next = strstr(line, "\r\n");
        *next = '\0';
        status = parse_field(line, request, &seen);
    }
    if (status == 200 && host_needed && !seen.host)
        return 400;
    return status == 200 && request->size + request->body_size > WEB_HEAD ? 431 : status;
}
