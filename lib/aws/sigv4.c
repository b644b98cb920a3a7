/* sigv4.c -- Signature Version 4, stage by stage. */
#include "aws/sigv4.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* Headers that proxies or libcurl may change on the way, and the signature itself. */
static const char *const unsigned_headers[] = {
    "authorization",     "user-agent",      "expect",          "connection", "te",
    "transfer-encoding", "accept-encoding", "x-amzn-trace-id",
};

char *sigv4_payload_hash(const char *body, size_t length)
{
    char hex[65];

    digest_sha256(body, body ? length : 0, hex);
    return mem_text(hex);
}

/* RFC 3986 section 5.2.4, and one slash for several. */
static char *normalized(const char *path)
{
    struct str out = {0};
    const char *p = path;
    bool ends_in_slash = true;

    while (*p) {
        size_t n;

        p += strspn(p, "/");
        n = strcspn(p, "/");
        ends_in_slash = p[n] == '/' || n == 0;
        if (n == 2 && !strncmp(p, "..", 2)) {
            while (out.len && out.data[out.len - 1] != '/')
                out.len--;
            out.len -= out.len > 0;
            ends_in_slash = true;
        } else if (n == 1 && *p == '.') {
            ends_in_slash = true;
        } else if (n) {
            str_add_char(&out, '/');
            str_add_n(&out, p, n);
        }
        p += n;
    }
    if (ends_in_slash || !out.len)
        str_add_char(&out, '/');
    return str_take(&out);
}

static void add_path(struct str *out, const struct sigv4_scope *scope, const char *path)
{
    cleanup_free char *clean = scope->normalize_path ? normalized(path) : mem_text(path);

    if (!*clean)
        str_add_char(out, '/');
    if (scope->encode_path_twice)
        str_add_escaped(out, clean, strlen(clean), "/");
    else
        str_add(out, clean);
}

struct pair {
    char *name, *value;
    size_t place; /* ties keep their order */
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    if (!order)
        order = strcmp(x->value, y->value);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Encoded once, in the one way AWS knows, whether it came encoded or not. */
static char *recoded(const char *text, size_t length)
{
    struct str out = {0};

    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '%' && i + 2 < length && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        }
        str_add_escaped(&out, &c, 1, "");
    }
    return str_take(&out);
}

static void add_query(struct str *out, const char *query)
{
    struct pair *pairs = NULL;
    size_t count = 0;

    while (query && *query) {
        size_t n = strcspn(query, "&"), name = strcspn(query, "&=");

        if (n) {
            pairs = mem_resize(pairs, count + 1, sizeof(*pairs));
            pairs[count] = (struct pair){
                .name = recoded(query, name),
                .value = name < n ? recoded(query + name + 1, n - name - 1) : mem_text(""),
                .place = count,
            };
            count++;
        }
        query += n + (query[n] == '&');
    }
    if (count)
        qsort(pairs, count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < count; i++) {
        str_add(out, i ? "&" : "");
        str_add(out, pairs[i].name);
        str_add_char(out, '=');
        str_add(out, pairs[i].value);
        free(pairs[i].name);
        free(pairs[i].value);
    }
    free(pairs);
}

static bool is_signed(const char *name)
{
    for (unsigned i = 0; i < sizeof(unsigned_headers) / sizeof(*unsigned_headers); i++)
        if (!strcasecmp(name, unsigned_headers[i]))
            return false;
    return true;
}

/* Trimmed, with one space for every run of white space. */
static void add_header_value(struct str *out, const char *value)
{
    size_t start = out->len;

    for (; *value; value++) {
        if (!isspace((unsigned char)*value))
            str_add_char(out, *value);
        else if (out->len > start && out->data[out->len - 1] != ' ')
            str_add_char(out, ' ');
    }
    if (out->len > start && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
}

static int compare_headers(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* The signed headers by name; *count of them. The caller frees name of each and the array. */
static struct pair *signed_headers(const struct aws_message *message, size_t *count)
{
    struct pair *pairs = mem_new((message->header_count + 1) * sizeof(*pairs));

    *count = 0;
    for (size_t i = 0; i < message->header_count; i++) {
        struct pair *pair = &pairs[*count];

        if (!is_signed(message->headers[i].name))
            continue;
        *pair = (struct pair){mem_text(message->headers[i].name), message->headers[i].value, i};
        for (char *p = pair->name; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        ++*count;
    }
    qsort(pairs, *count, sizeof(*pairs), compare_headers);
    return pairs;
}

/* Appends the canonical headers to lines and the list of their names to names. */
static void add_headers(const struct aws_message *message, struct str *lines, struct str *names)
{
    size_t count;
    cleanup_free struct pair *pairs = signed_headers(message, &count);

    for (size_t i = 0; i < count; i++) {
        bool again = i && !strcmp(pairs[i].name, pairs[i - 1].name);
        bool last = i + 1 == count || strcmp(pairs[i].name, pairs[i + 1].name) != 0;

        if (!again) {
            str_add(lines, pairs[i].name);
            str_add_char(lines, ':');
            str_add(names, names->len ? ";" : "");
            str_add(names, pairs[i].name);
        } else {
            str_add_char(lines, ',');
        }
        add_header_value(lines, pairs[i].value);
        if (last)
            str_add_char(lines, '\n');
    }
    for (size_t i = 0; i < count; i++)
        free(pairs[i].name);
}

/* Appends the list of the signed headers to names, too. */
static char *canonical_request(const struct sigv4_scope *scope, const struct aws_message *message,
                               const char *payload_hash, struct str *names)
{
    cleanup_str struct str lines = {0};
    struct str out = {0};

    str_addf(&out, "%s\n", message->method);
    add_path(&out, scope, message->path);
    str_add_char(&out, '\n');
    add_query(&out, message->query);
    str_add_char(&out, '\n');
    add_headers(message, &lines, names);
    str_addf(&out, "%s\n%s\n%s", str_text(&lines), str_text(names), payload_hash);
    return str_take(&out);
}

char *sigv4_canonical_request(const struct sigv4_scope *scope, const struct aws_message *message,
                              const char *payload_hash)
{
    cleanup_str struct str names = {0};

    return canonical_request(scope, message, payload_hash, &names);
}

static char *scope_text(const struct sigv4_scope *scope)
{
    char now[TIMESTAMP_ROOM];

    timestamp_basic(scope->time_s, now);
    return mem_printf("%.8s/%s/%s/aws4_request", now, scope->region, scope->service);
}

char *sigv4_string_to_sign(const struct sigv4_scope *scope, const char *canonical_request)
{
    cleanup_free char *credential_scope = scope_text(scope);
    cleanup_free char *hash = sigv4_payload_hash(canonical_request, strlen(canonical_request));
    char now[TIMESTAMP_ROOM];

    timestamp_basic(scope->time_s, now);
    return mem_printf("%s\n%s\n%s\n%s", algorithm, now, credential_scope, hash);
}

enum {
    SUM = 32, /* bytes of SHA-256 */
    DATE = 8, /* those of a moment's text that are its day */
};

static void hmac(const void *key, size_t key_length, const char *text,
                 unsigned char out[static SUM])
{
    unsigned n = 0;

    if (!HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, strlen(text), out,
              &n))
        abort();
}

/* The key of a day, region and service. */
static void derive(const struct sigv4_scope *scope, const char *secret_access_key,
                   unsigned char key[static SUM])
{
    char *start = mem_printf("AWS4%s", secret_access_key);
    unsigned char next[SUM];
    char now[TIMESTAMP_ROOM];

    timestamp_basic(scope->time_s, now);
    now[DATE] = '\0';
    hmac(start, strlen(start), now, next);
    hmac(next, SUM, scope->region, key);
    hmac(key, SUM, scope->service, next);
    hmac(next, SUM, "aws4_request", key);
    OPENSSL_cleanse(next, SUM);
    mem_free_secret(start);
}

static char *signature_by(const unsigned char key[static SUM], const char *string_to_sign)
{
    unsigned char signature[SUM];
    struct str text = {0};

    hmac(key, SUM, string_to_sign, signature);
    str_add_hex(&text, signature, SUM);
    return str_take(&text);
}

char *sigv4_signature(const struct sigv4_scope *scope, const char *secret_access_key,
                      const char *string_to_sign)
{
    unsigned char key[SUM];
    char *signature;

    derive(scope, secret_access_key, key);
    signature = signature_by(key, string_to_sign);
    OPENSSL_cleanse(key, SUM);
    return signature;
}

/* ---- keys that are kept ---- */

/* Four digests of one secret that change once a day. */
static char *signature_kept(const struct sigv4_scope *scope, const struct sigv4_secrets *secrets,
                            const char *credential_scope, const char *string_to_sign)
{
    struct aws_derived_key *kept;

    if (!secrets->derived)
        return sigv4_signature(scope, secrets->secret_access_key, string_to_sign);
    SLIST_FOREACH(kept, secrets->derived, next)
        if (!strcmp(kept->scope + DATE, credential_scope + DATE))
            break;
    if (!kept) {
        kept = mem_new(sizeof(*kept));
        SLIST_INSERT_HEAD(secrets->derived, kept, next);
    }
    if (!kept->scope || strcmp(kept->scope, credential_scope) != 0) {
        free(kept->scope);
        kept->scope = mem_text(credential_scope);
        derive(scope, secrets->secret_access_key, kept->key);
    }
    return signature_by(kept->key, string_to_sign);
}

/* Takes away what an earlier signature of the same message put there. */
static void remove_header(struct aws_message *message, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < message->header_count; i++) {
        if (strcasecmp(message->headers[i].name, name) != 0) {
            message->headers[kept++] = message->headers[i];
            continue;
        }
        free(message->headers[i].name);
        mem_free_secret(message->headers[i].value);
    }
    message->header_count = kept;
}

static void set_header(struct aws_message *message, const char *name, const char *value)
{
    remove_header(message, name);
    if (value)
        aws_message_add_header(message, name, value);
}

void sigv4_sign(const struct sigv4_scope *scope, const struct sigv4_secrets *secrets,
                const char *host, struct aws_message *message)
{
    cleanup_free char *hash = scope->payload_hash
                                  ? mem_text(scope->payload_hash)
                                  : sigv4_payload_hash(message->body, message->body_length);
    cleanup_free char *credential_scope = scope_text(scope);
    cleanup_free char *canonical = NULL, *to_sign = NULL, *signature = NULL, *value = NULL;
    cleanup_str struct str names = {0};
    char now[TIMESTAMP_ROOM];

    timestamp_basic(scope->time_s, now);
    remove_header(message, "Authorization");
    set_header(message, "Host", host);
    set_header(message, "X-Amz-Date", now);
    set_header(message, "X-Amz-Security-Token", secrets->session_token);
    set_header(message, "X-Amz-Content-Sha256", scope->sign_payload_header ? hash : NULL);
    canonical = canonical_request(scope, message, hash, &names);
    to_sign = sigv4_string_to_sign(scope, canonical);
    signature = signature_kept(scope, secrets, credential_scope, to_sign);
    value = mem_printf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", algorithm,
                       secrets->access_key_id, credential_scope, str_text(&names), signature);
    aws_message_add_header(message, "Authorization", value);
}
