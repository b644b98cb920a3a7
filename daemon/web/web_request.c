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

/* "GET /path?query HTTP/1.1" */
static int parse_line(char *line, struct web_request *request, bool *host_needed)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;

    if (!version)
        return 400;
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line) || strncmp(version, "HTTP/", 5) != 0 || !is_printable(target))
        return 400;
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return strlen(version) == 8 ? 505 : 400;
    if (!strncasecmp(target, "http://", 7)) { /* absolute form, RFC 9112 3.2.2 */
        target = strchr(target + 7, '/');
        if (!target)
            return 400;
    }
    if (*target != '/')
        return 400;
    target[strcspn(target, "?")] = '\0';
    request->method = line;
    request->path = target;
    *host_needed = !strcmp(version, "HTTP/1.1");
    return 200;
}

/* "Name: value"; bodies are refused, whatever the method. */
static int parse_field(char *line, bool *host_needed)
{
    char *value = strchr(line, ':');

    if (!value)
        return 400;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (!is_token(line) || strpbrk(value, "\r\n"))
        return 400;
    if (!strcasecmp(line, "Host"))
        *host_needed = false;
    if (!strcasecmp(line, "Transfer-Encoding"))
        return 413;
    if (!strcasecmp(line, "Content-Length")) {
        value[strcspn(value, " \t")] = '\0';
        if (!*value || strspn(value, "0123456789") != strlen(value))
            return 400;
        return strspn(value, "0") == strlen(value) ? 200 : 413;
    }
    return 200;
}

int web_request_parse(char *head, size_t length, struct web_request *request)
{
    char *end = strstr(head, "\r\n\r\n");
    char *line = head, *next;
    bool host_needed = false;
    int status;

    /* TLS and other binary protocols are told at once; so is what cannot be a method. */
    if (memchr(head, '\0', length) || (length && !is_token((char[]){*head, '\0'})))
        return 400;
    if (!end && length < WEB_HEAD)
        return 0;
    if (!end)
        return strstr(head, "\r\n") ? 431 : 414;
    end[2] = '\0';
    next = strstr(line, "\r\n");
    *next = '\0';
    status = parse_line(line, request, &host_needed);
    for (line = next + 2; status == 200 && *line; line = next + 2) {
        next = strstr(line, "\r\n");
        *next = '\0';
        status = parse_field(line, &host_needed);
    }
    return status == 200 && host_needed ? 400 : status;
}
