#include "daemon/web/web_answer.h"

struct reason {
    int status;
    const char *phrase;
    const char *text; /* the body of a refusal */
};

static const struct reason *find_reason(int status)
{
    static const struct reason reasons[] = {
        {200, "OK", ""},
        {202, "Accepted", ""},
        {400, "Bad Request", "this is not an HTTP request"},
        {401, "Unauthorized", "this takes the token of web.token_file, as a Bearer or as password"},
        {403, "Forbidden",
         "an action takes the header Billingd-Action, and no page of another site"},
        {404, "Not Found", "there are /, /-/healthy, /-/ready, /-/drift, /metrics and /api/v1/"},
        {405, "Method Not Allowed", "this path does not take that method"},
        {408, "Request Timeout", "the request did not arrive in time"},
        {409, "Conflict", ""},
        {413, "Content Too Large",
         "only POST of JSON has a body, of at most 4096 bytes and with Content-Length"},
        {414, "URI Too Long", "the request line is too long"},
        {415, "Unsupported Media Type", "the body must be application/json"},
        {417, "Expectation Failed", "send the body at once"},
        {421, "Misdirected Request", "the name in Host is not ours: see web.hosts in billing.yaml"},
        {429, "Too Many Requests", "this was asked for a moment ago"},
        {431, "Request Header Fields Too Large", "the headers are too long"},
        {504, "Gateway Timeout",
         "AWS has not answered yet, so what became of it is not known: ask /api/v1/status"},
        {502, "Bad Gateway", ""},
        {503, "Service Unavailable", "too many answers are waiting for their readers"},
        {505, "HTTP Version Not Supported", "only HTTP/1.0 and HTTP/1.1 are spoken"},
        {500, "Internal Server Error", ""}, /* also any status not in this list */
    };
    const struct reason *reason = reasons;

    while (reason->status != status && reason->status != 500)
        reason++;
    return reason;
}

void web_answer_refusal(int status, struct str *body)
{
    const struct reason *reason = find_reason(status);

    str_addf(body, "%d %s: %s\n", status, reason->phrase, reason->text);
}

void web_answer_add(const struct web_answer *answer, struct str *out)
{
    const struct reason *reason = find_reason(answer->status);

    str_addf(out,
             "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
             "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s%s\r\n",
             reason->status, reason->phrase, answer->type, answer->body->len, answer->fields,
             answer->keep ? "" : "Connection: close\r\n");
    if (!answer->head_only && !answer->apart)
        str_add_n(out, str_text(answer->body), answer->body->len);
}
