/* web_request.c -- takes the head of a request apart, in place. */
#include "daemon/web/web_request.h"

#include <stdbool.h>
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

/* Bodies are refused, whatever the method. */
static int parse_length(char *value)
{
    if (!*value || strspn(value, "0123456789") != strlen(value))
        return 400;
    return strspn(value, "0") == strlen(value) ? 200 : 413;
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

static int note_host(struct web_request *request, const char *value, bool *host_seen)
{
    if (*host_seen) /* RFC 9112 3.2 */
        return 400;
    *host_seen = true;
    if (!request->host)
        request->host = value;
    return 200;
}

/* "Name: value" */
static int parse_field(char *line, struct web_request *request, bool *host_seen)
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
    if (!strcasecmp(line, "Host"))
        return note_host(request, value, host_seen);
    if (!strcasecmp(line, "Transfer-Encoding"))
        return 413;
    if (!strcasecmp(line, "Content-Length"))
        return parse_length(value);
    if (!strcasecmp(line, "Connection") && lists(value, "close"))
        request->keep = false;
    else if (!strcasecmp(line, "Origin"))
        return note_once(&request->origin, value);
    else if (!strcasecmp(line, "Authorization"))
        return note_once(&request->authorization, value);
    else if (!strcasecmp(line, "Billingd-Action"))
        request->action = !strcmp(value, "1");
    return 200;
}

int web_request_parse(char *head, size_t length, struct web_request *request)
{
    char *end = strstr(head, "\r\n\r\n");
    char *line = head, *next;
    bool host_needed = false, host_seen = false;
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
        status = parse_field(line, request, &host_seen);
    }
    return status == 200 && host_needed && !host_seen ? 400 : status;
}
