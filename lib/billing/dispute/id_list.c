#include "billing/dispute/id_list.h"

#include "aws/codec/capture.h"
#include "base/file_kind.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 1 << 20, LONGEST_ID = 4096, MOST_TOLD = 12, COLUMN_DIGITS = 6 };

struct id_list {
    const struct id_list_form *form;
    const struct id_list_taker *taker;
    struct capture *capture;
    struct str line; /* as far as it has come */
    bool is_too_long;
    uint64_t lines, blank;
    char separator; /* CSV; 0: not known yet */
    size_t column;  /* CSV, from 0 on */
    struct str field;
};

struct id_list *id_list_new(const struct id_list_form *form, const struct id_list_taker *taker,
                            struct err *e)
{
    struct id_list *list = mem_new(sizeof *list);

    list->form = form;
    list->taker = taker;
    if (form->format != ID_LIST_LOG)
        return list;
    list->capture = capture_new(form->pattern, e);
    if (list->capture)
        return list;
    free(list);
    return NULL;
}

void id_list_free(struct id_list *list)
{
    if (!list)
        return;
    capture_free(list->capture);
    str_fini(&list->line);
    str_fini(&list->field);
    free(list);
}

uint64_t id_list_lines(const struct id_list *list)
{
    return list->lines;
}

uint64_t id_list_blank(const struct id_list *list)
{
    return list->blank;
}

static void empty(struct str *text)
{
    text->len = 0;
    str_add(text, "");
}

/* ---- what a line holds ---- */

static int tell(struct id_list *list, const char *why, struct err *e)
{
    return list->taker->unreadable(list->taker->arg, list->lines, why, e);
}

static bool is_id(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return str_is_utf8(text, length);
}

/* Without blanks around it. */
static int take(struct id_list *list, const char *text, size_t length, struct err *e)
{
    while (length && (*text == ' ' || *text == '\t'))
        text++, length--;
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    if (!length || (length == 1 && *text == '-'))
        return tell(list, "has no id where one should be", e);
    if (length > LONGEST_ID)
        return tell(list, "has an id of more than 4,096 bytes", e);
    if (!is_id(text, length))
        return tell(list, "has an id that is no UTF-8 text, or holds control characters", e);
    return list->taker->id(list->taker->arg, text, length, list->lines, e);
}

/* ---- CSV ---- */

/* The field that begins at *at, without its quotes, into list->field; *at behind its separator, or
 * SIZE_MAX behind the last.  False: a quote does not end. */
static bool read_field(struct id_list *list, const char *line, size_t length, size_t *at)
{
    size_t i = *at;
    bool quoted = i < length && line[i] == '"';

    empty(&list->field);
    if (quoted)
        for (i++;; i++) {
            if (i == length)
                return false;
            if (line[i] == '"' && i + 1 < length && line[i + 1] == '"')
                i++;
            else if (line[i] == '"')
                break;
            str_add_char(&list->field, line[i]);
        }
    for (i += quoted; i < length && line[i] != list->separator; i++)
        str_add_char(&list->field, line[i]);
    *at = i < length ? i + 1 : SIZE_MAX;
    return true;
}

/* That which stands most often outside of quotes; a comma where none does. */
static char separator_of(const char *line, size_t length)
{
    static const char choices[] = ",;\t";
    size_t counts[3] = {0};
    bool quoted = false;
    size_t best = 0;

    for (size_t i = 0; i < length; i++) {
        const char *choice = line[i] ? strchr(choices, line[i]) : NULL;

        quoted ^= line[i] == '"';
        if (choice && !quoted)
            counts[choice - choices]++;
    }
    for (size_t i = 1; i < 3; i++)
        if (counts[i] > counts[best])
            best = i;
    return choices[best];
}

/* "Request ID", "request_id" and "requestId" are one name. */
static char *plain_name(const char *name)
{
    char *plain = mem_text(name), *to = plain;

    for (const char *c = plain; *c; c++)
        if (!strchr("_- ", *c))
            *to++ = (char)tolower((unsigned char)*c);
    *to = '\0';
    return plain;
}

/* How well a name fits: 0 not, more is better. */
static int fits(const struct id_list *list, const char *name)
{
    cleanup_free char *plain = NULL;

    if (list->form->column)
        return !strcmp(name, list->form->column);
    plain = plain_name(name);
    return !strcmp(plain, "requestid") ? 2 : !strcmp(plain, "id");
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits && digits <= COLUMN_DIGITS && !text[digits] && strtol(text, NULL, 10) > 0;
}

static int tell_columns(const struct id_list *list, const struct str *names, struct err *e)
{
    if (list->form->column)
        return err_set(e, ERR_INVALID,
                       "line %llu has no column '%.80s': it has %s (a number counts columns of a "
                       "file without names)",
                       (unsigned long long)list->lines, list->form->column, str_text(names));
    return err_set(e, ERR_INVALID,
                   "which column holds the ids? --column NAME, one of %s, or --column N in a file "
                   "without names",
                   str_text(names));
}

/* The first line of a CSV: 1 when it holds names, 0 when it is like the others, -1 and *e. */
static int read_names(struct id_list *list, const char *line, size_t length, struct err *e)
{
    cleanup_str struct str names = {0};
    size_t count = 0;
    int best = 0;

    list->separator = separator_of(line, length);
    if (list->form->column && is_number(list->form->column)) {
        list->column = (size_t)strtol(list->form->column, NULL, 10) - 1;
        return 0;
    }
    for (size_t at = 0; at != SIZE_MAX; count++) {
        int fit;

        if (!read_field(list, line, length, &at))
            return err_set(e, ERR_INVALID, "line %llu: a quote does not end",
                           (unsigned long long)list->lines);
        fit = fits(list, str_text(&list->field));
        if (fit > best) {
            best = fit;
            list->column = count;
        }
        if (count < MOST_TOLD)
            str_addf(&names, "%s'%.60s'", count ? ", " : "", str_text(&list->field));
    }
    if (best)
        return 1;
    list->column = 0;
    return count == 1 && !list->form->column ? 0 : tell_columns(list, &names, e);
}

/* What our own lists put in front of what a spreadsheet would take for a formula. */
static size_t marked(const struct str *field)
{
    return field->len > 1 && field->data[0] == '\'' && strchr("=+-@'", field->data[1]);
}

/* A quoted field that goes on in the next line would make an id of what stands there. */
static int check_rest(struct id_list *list, const char *line, size_t length, size_t at,
                      struct err *e)
{
    if (at == SIZE_MAX || !memchr(line + at, '"', length - at))
        return 0;
    while (at != SIZE_MAX)
        if (!read_field(list, line, length, &at))
            return err_set(
                e, ERR_INVALID,
                "line %llu: a quoted field goes on over its end, and a list has one line "
                "for each request: give the column of the ids alone",
                (unsigned long long)list->lines);
    return 0;
}

static int read_csv(struct id_list *list, const char *line, size_t length, struct err *e)
{
    size_t at = 0;

    if (!list->separator) {
        int names = read_names(list, line, length, e);

        if (names)
            return names > 0 ? 0 : -1;
    }
    for (size_t i = 0;; i++) {
        if (at == SIZE_MAX)
            return tell(list, "has fewer columns", e);
        if (!read_field(list, line, length, &at))
            return tell(list, "has a quote that does not end on it", e);
        if (i == list->column)
            break;
    }
    if (take(list, str_text(&list->field) + marked(&list->field),
             list->field.len - marked(&list->field), e))
        return -1;
    return check_rest(list, line, length, at, e);
}

/* ---- JSON lines ---- */

static const json_t *member_of(const struct id_list *list, const json_t *object)
{
    static const char *const usual[] = {"requestId", "request_id", "id"};
    const char *column = list->form->column;
    const json_t *found;

    if (column) {
        found = json_object_get(object, column);
        return found ? found : json_at(object, column);
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if ((found = json_object_get(object, usual[i])))
            return found;
    return NULL;
}

static int read_json(struct id_list *list, const char *line, size_t length, struct err *e)
{
    json_error_t problem;
    json_auto_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &problem);
    const json_t *member = member_of(list, object);
    cleanup_free char *number = NULL;

    if (!object && json_error_code(&problem) == json_error_duplicate_key)
        return tell(list, "has a member twice", e);
    if (!json_is_object(object))
        return tell(list, object ? "is no JSON object" : "is no JSON", e);
    if (json_is_integer(member))
        number = mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(member));
    if (number)
        return take(list, number, strlen(number), e);
    if (!json_is_string(member))
        return tell(list, member ? "has an id that is no text" : "lacks the member with the id", e);
    return take(list, json_string_value(member), json_string_length(member), e);
}

/* ---- lines ---- */

static int read_log(struct id_list *list, const char *line, size_t length, struct err *e)
{
    const char *found;
    size_t found_length;
    int how = capture_find(list->capture, line, length, &found, &found_length);

    if (how == 1)
        return take(list, found, found_length, e);
    return tell(list, how ? "is too much for the pattern" : "does not match the pattern", e);
}

static int refuse(const struct id_list *list, const char *told, struct err *e)
{
    return err_set(e, ERR_INVALID, "line %llu, column 1: the file is %s",
                   (unsigned long long)list->lines, told);
}

/* Objects in a file of another name would each be taken for an id; so would the lines of one that
 * is laid out for people. */
static bool is_json(const char *line, size_t length)
{
    while (length && strchr(" \t\r", *line))
        line++, length--;
    while (length && strchr(" \t\r", line[length - 1]))
        length--;
    if (length == 1)
        return *line == '{' || *line == '[';
    return length >= 2 && ((*line == '{' && line[1] == '"') ||
                           (*line == '[' && (line[1] == '{' || line[1] == '"')));
}

/* One document, where each line should be one. */
static bool is_whole_json(const char *line, size_t length)
{
    while (length && strchr(" \t\r", *line))
        line++, length--;
    while (length && strchr(" \t\r", line[length - 1]))
        length--;
    return length && (*line == '[' || (*line == '{' && length == 1));
}

/* An id or a name of a column does not begin as an element does. */
static bool is_element(const char *line, size_t length)
{
    while (length && (*line == ' ' || *line == '\t'))
        line++, length--;
    return length >= 2 && *line == '<' &&
           (isalpha((unsigned char)line[1]) || strchr("!?/", line[1]));
}

/* Other files than lists of text are told as a whole, by their first line that is not blank.  Logs
 * may begin with NULs, of what was cut off in front, and with "<" (syslog's priority). */
static int check_first(const struct id_list *list, const char *line, size_t length, struct err *e)
{
    const char *told = file_kind_told(line, length);
    enum id_list_format format = list->form->format;

    if (told)
        return refuse(list, told, e);
    if (format == ID_LIST_LOG)
        return 0;
    if (memchr(line, '\0', length))
        return err_set(e, ERR_INVALID,
                       "line %llu holds NUL bytes: the file is UTF-16, or no text; save it as "
                       "UTF-8",
                       (unsigned long long)list->lines);
    if (is_element(line, length))
        return refuse(list, "HTML or XML: the ids are wanted as CSV, JSON lines or a log", e);
    if (format == ID_LIST_CSV && is_json(line, length))
        return refuse(list,
                      "JSON: --format jsonl takes an object on each line (`jq -c '.[]'` makes "
                      "lines of a list)",
                      e);
    if (format == ID_LIST_JSONL && is_whole_json(line, length))
        return refuse(list,
                      "one JSON document, not a line for each: `jq -c '.[]'` makes lines of a "
                      "list, `jq -c .` of what is laid out on several",
                      e);
    return 0;
}

static int read_line(struct id_list *list, struct err *e)
{
    const char *line = str_text(&list->line);
    size_t length = list->line.len, skip = 0;
    bool is_first = list->lines++ == list->blank;

    if (list->is_too_long)
        return (is_first && check_first(list, line, length, e)) ||
                       tell(list, "is longer than 1 MiB", e)
                   ? -1
                   : 0;
    if (list->lines == 1 && length >= 3 && !memcmp(line, "\xef\xbb\xbf", 3))
        skip = 3;
    if (is_first && check_first(list, line + skip, length - skip, e))
        return -1;
    if (length > skip && line[length - 1] == '\r')
        length--;
    line += skip;
    length -= skip;
    if (strspn(line, " \t") >= length) {
        list->blank++;
        return 0;
    }
    return list->form->format == ID_LIST_CSV     ? read_csv(list, line, length, e)
           : list->form->format == ID_LIST_JSONL ? read_json(list, line, length, e)
                                                 : read_log(list, line, length, e);
}

int id_list_feed(struct id_list *list, const char *bytes, size_t length, struct err *e)
{
    while (length) {
        const char *end = memchr(bytes, '\n', length);
        size_t part = end ? (size_t)(end - bytes) : length;

        if (list->line.len + part > LONGEST_LINE)
            list->is_too_long = true;
        if (!list->is_too_long)
            str_add_n(&list->line, bytes, part);
        if (end) {
            if (read_line(list, e))
                return -1;
            empty(&list->line);
            list->is_too_long = false;
        }
        part += end != NULL;
        bytes += part;
        length -= part;
    }
    return 0;
}

int id_list_end(struct id_list *list, struct err *e)
{
    bool more = list->line.len || list->is_too_long;
    int failed = more ? read_line(list, e) : 0;

    empty(&list->line);
    list->is_too_long = false;
    return failed;
}
