/* codec_error.c -- AWS's errors in all their forms. */
#include "aws/codec/codec_private.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "ns#Code:http://..." -> "Code". */
static void set_code(char *out, size_t room, const char *code)
{
    const char *end = code + strcspn(code, ":");

    for (const char *p = code; p < end; p++)
        if (*p == '#')
            code = p + 1;
    code += strspn(code, " ");
    aws_error_copy(out, room, code, (size_t)(end > code ? end - code : 0));
}

static void set_message(struct aws_error *error, const char *message)
{
    if (message)
        aws_error_say(error, "%s", message);
}

json_t *codec_error_refuse(struct aws_error *error, const char *format, ...)
{
    cleanup_free char *text = NULL;
    va_list args;

    if (*error->code)
        return NULL;
    (void)snprintf(error->code, sizeof(error->code), "InvalidReply");
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    aws_error_say(error, "%s", text);
    return NULL;
}

void codec_error_request_id(const struct aws_raw_reply *reply, struct aws_error *error)
{
    const char *id = aws_message_request_id(reply);

    if (id)
        aws_error_copy(error->request_id, sizeof(error->request_id), id, strlen(id));
}

bool codec_error_xml(const struct xml_node *root, struct aws_error *error)
{
    const struct xml_node *outer = root, *node = NULL;
    const char *code, *id;

    if (!strcmp(root->name, "Error"))
        node = root;
    else if (!strcmp(root->name, "ErrorResponse"))
        node = xml_child(root, "Error") ? xml_only(root, "Error") : root;
    else if (!strcmp(root->name, "Response"))
        node = xml_only(xml_only(root, "Errors"), "Error");
    code = xml_text(xml_only(node, "Code"));
    if (!code || !*code)
        return false;
    set_code(error->code, sizeof error->code, code);
    set_message(error, xml_text(xml_child(node, "Message")));
    if (!*error->message)
        set_message(error, xml_text(xml_child(node, "message")));
    id = xml_text(xml_child(outer, "RequestId"));
    if (!id)
        id = xml_text(xml_child(outer, "RequestID"));
    if (!id)
        id = xml_text(xml_child(node, "RequestId"));
    if (id && !*error->request_id)
        aws_error_copy(error->request_id, sizeof(error->request_id), id, strlen(id));
    return true;
}

static void read_json_error(const struct aws_raw_reply *reply, struct aws_error *error)
{
    static const char *const code_names[] = {"__type", "code", "Code"};
    static const char *const message_names[] = {"message", "Message", "errorMessage"};
    json_auto_t *body = json_parse(reply->body, reply->body_length);
    const char *older = aws_message_reply_header(reply, "x-amzn-query-error");
    const char *code = aws_message_reply_header(reply, "x-amzn-errortype");

    for (unsigned i = 0; (!code || !*code) && i < 3; i++)
        code = json_text(body, code_names[i]);
    if (older && *older && *older != ';') { /* "CODE;Sender": the one people know */
        aws_error_copy(error->code, sizeof error->code, older, strcspn(older, ";"));
        if (code)
            set_code(error->modelled, sizeof error->modelled, code);
    } else if (code) {
        set_code(error->code, sizeof error->code, code);
    }
    for (unsigned i = 0; !*error->message && i < 3; i++)
        set_message(error, json_text(body, message_names[i]));
}

static void read_xml_error(const struct aws_raw_reply *reply, struct aws_error *error)
{
    struct err e = {0};
    struct xml_node *root =
        reply->body_length ? xml_parse(reply->body, reply->body_length, &e) : NULL;

    if (root)
        (void)codec_error_xml(root, error);
    xml_free(root);
}

static bool is_head(const struct aws_operation *operation)
{
    const char *method = json_text(json_object_get(operation->document, "http"), "method");

    return method && strcmp(method, "HEAD") == 0;
}

/* S3 answers HEAD without a document, so that the status alone has to tell.  Where it has one
 * meaning only, that one's code is taken, so that it is treated alike.  Source: "Error responses"
 * and HeadBucket, HeadObject in the S3 API reference; 307 and 301: "Making requests over virtual
 * hosting", request redirection. */
static const struct head_word {
    int status;
    const char *code; /* NULL: several have the status */
    const char *message;
} head_words[] = {
    {301, "PermanentRedirect", "the bucket lies in another region"},
    {307, "TemporaryRedirect",
     "the bucket is so new that its name does not lead to its region everywhere yet"},
    {400, NULL,
     "HEAD is refused without a reason; an expired token is answered like this, and a request "
     "signed for another region than the bucket's"},
    {403, NULL,
     "HEAD is refused without a reason; AccessDenied is answered like this (a permission that is "
     "missing, a policy that denies, what belongs to another account), and keys that S3 does not "
     "know"},
    {404, NULL, "HEAD has no document that says more: there is none of that name"},
    {405, "MethodNotAllowed",
     "HEAD is not allowed on it; a version that only marks a deletion is answered like this"},
    {412, "PreconditionFailed", "it is not, or no longer, what the request asked for"},
    {500, NULL, "HEAD has no document that says more; an InternalError is answered like this"},
    {503, NULL,
     "HEAD has no document that says more; SlowDown and ServiceUnavailable are answered like "
     "this"},
};

/* Only where S3 itself answered: a proxy's status means nothing (reply_check). */
static void read_head_error(const struct aws_raw_reply *reply, struct aws_error *error)
{
    if (!aws_message_request_id(reply))
        return;
    for (size_t i = 0; i < sizeof head_words / sizeof *head_words; i++) {
        const struct head_word *word = &head_words[i];

        if (word->status != reply->status)
            continue;
        if (word->code)
            aws_error_copy(error->code, sizeof error->code, word->code, strlen(word->code));
        set_message(error, word->message);
    }
}

void codec_error_read(const struct aws_operation *operation, const struct aws_raw_reply *reply,
                      struct aws_error *error)
{
    enum aws_protocol protocol = operation->model->protocol;
    const char *type = aws_message_reply_header(reply, "content-type");

    if (protocol == AWS_JSON || protocol == AWS_REST_JSON)
        read_json_error(reply, error);
    else
        read_xml_error(reply, error);
    if (!*error->code && is_head(operation))
        read_head_error(reply, error);
    if (*error->code)
        return;
    (void)snprintf(error->code, sizeof(error->code), "HTTP %d", reply->status);
    if (!*error->message)
        aws_error_say(error, "no error document (%zu bytes, %.80s)", reply->body_length,
                      type ? type : "no content type");
}
