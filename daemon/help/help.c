#include "daemon/help/help.h"

#include "base/json.h"
#include "base/mem.h"
#include "daemon/views/exit_code.h"
#include "daemon/views/json_view.h"

#include <string.h>

enum { LEFT = 27, WIDTH = 80 }; /* columns: what is explained; the whole */

/* The text behind the column LEFT, broken at blanks. */
static void print_meaning(FILE *out, size_t column, const char *text)
{
    if (column + 1 > LEFT) {
        (void)fputc('\n', out);
        column = 0;
    }
    (void)fprintf(out, "%*s", (int)(LEFT - column), "");
    column = LEFT;
    while (*text) {
        size_t n = strcspn(text, " ");

        if (column > LEFT && column + 1 + n > WIDTH) {
            (void)fprintf(out, "\n%*s", LEFT, "");
            column = LEFT;
        } else if (column > LEFT) {
            (void)fputc(' ', out);
            column++;
        }
        (void)fprintf(out, "%.*s", (int)n, text);
        column += n;
        text += n + (text[n] == ' ');
    }
    (void)fputc('\n', out);
}

static void print_flag(FILE *out, const struct flag *flag, const char *value)
{
    cleanup_free char *variable = flag->value ? options_variable(flag) : NULL;
    cleanup_free char *meaning = mem_printf("%s%s%s%s", flag->meaning, variable ? " [" : "",
                                            variable ? variable : "", variable ? "]" : "");
    int n = value ? (int)strcspn(value, " ]") : 0;
    cleanup_free char *left = mem_printf(
        "  %c%c%s--%s%s%.*s", flag->letter ? '-' : ' ', flag->letter ? flag->letter : ' ',
        flag->letter ? ", " : "  ", flag->name, value ? " " : "", n, value ? value : "");

    (void)fputs(left, out);
    print_meaning(out, strlen(left), meaning);
}

static bool is_general(const struct flag *flag)
{
    return flag->verb && *flag->verb == '*';
}

void help_print(const struct verb *verbs, FILE *out)
{
    (void)fputs("billingd keeps an API usage billing pipeline in AWS as billing.yaml says.\n\n"
                "Usage: billingd [-f SPEC] VERB [FLAGS]\n\nVerbs:\n",
                out);
    for (const struct verb *verb = verbs; verb->name; verb++)
        if (verb->summary)
            (void)fprintf(out, "  %-11s %s\n", verb->name, verb->summary);
    (void)fputs("\nFlags of every verb, and the variable of the environment that does the same:\n",
                out);
    for (const struct flag *flag = options_flags; flag->name; flag++)
        if (is_general(flag))
            print_flag(out, flag, flag->value);
    (void)fputs("\nExit codes:\n", out);
    for (const struct exit_code_meaning *row = exit_code_meanings; row->code >= 0; row++)
        (void)fprintf(out, "  %-3d %s\n", row->code, row->brief);
    (void)fputs("\nbillingd help VERB explains a verb; billingd(8) and docs/cli.md tell all.\n",
                out);
}

/* The rows that hold for the verb, in the order of the table; NULL at the end. */
static const struct flag *next_flag(const struct verb *verb, const struct flag *flag,
                                    const char **value)
{
    for (; flag->name; flag++)
        if (options_flag(verb, flag->name) == flag && options_takes(verb, flag, value) &&
            (*value || !is_general(flag)))
            return flag;
    return NULL;
}

static const struct word *find_word(const char *name)
{
    for (const struct word *word = options_words; word->word; word++)
        if (!strcmp(word->word, name))
            return word;
    return NULL;
}

/* "[PLANFILE]": PLANFILE; new text, NULL without an operand. */
static char *operand_word(const struct verb *verb)
{
    const char *operand = verb->operand ? verb->operand + (*verb->operand == '[') : NULL;

    return operand ? mem_text_n(operand, strcspn(operand, "]")) : NULL;
}

static char *usage_of(const struct verb *verb)
{
    bool has = verb->operand != NULL;

    return mem_printf("billingd [-f SPEC] %s%s%s%s%s", verb->name, has ? " " : "",
                      has ? verb->operand : "", *verb->arguments ? " " : "", verb->arguments);
}

void help_print_verb(const struct verb *verb, FILE *out)
{
    cleanup_free char *usage = usage_of(verb), *operand = operand_word(verb);
    const struct word *word = operand ? find_word(operand) : NULL;
    const struct flag *flag = options_flags;
    const char *value;
    bool any = false;

    (void)fprintf(out, "Usage: %s\n\n%s.\n\n", usage,
                  verb->summary ? verb->summary : "For programs");
    if (word) {
        (void)fprintf(out, "  %s", operand);
        print_meaning(out, 2 + strlen(operand), word->meaning);
        any = true;
    }
    for (; (flag = next_flag(verb, flag, &value)); flag++) {
        print_flag(out, flag, value);
        any = true;
    }
    (void)fprintf(out, "%sFlags of every verb and exit codes: billingd --help\n\nExample:\n  %s\n",
                  any ? "\n" : "", verb->example);
}

/* ---- for programs ---- */

static json_t *flag_json(const struct flag *flag, const char *value)
{
    cleanup_free char *variable = flag->value ? options_variable(flag) : NULL;
    const char letter[2] = {flag->letter};
    json_t *json =
        json_pack("{s:s, s:s*, s:s*, s:s}", "name", flag->name, "letter", *letter ? letter : NULL,
                  "environment", variable, "meaning", flag->meaning);

    if (value)
        json_object_set_new(json, "value", json_stringn(value, strcspn(value, " ]")));
    return json;
}

static json_t *verb_json(const struct verb *verb)
{
    cleanup_free char *usage = usage_of(verb), *operand = operand_word(verb);
    const struct flag *flag = options_flags;
    json_t *flags = json_array();
    const char *value;

    for (; (flag = next_flag(verb, flag, &value)); flag++)
        json_array_append_new(flags, flag_json(flag, value));
    return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:b, s:o}", "name", verb->name, "usage", usage,
                     "summary", verb->summary, "example", verb->example, "operand", operand,
                     "operand_needed", verb->operand && *verb->operand != '[', "flags", flags);
}

json_t *help_document(const struct verb *verbs)
{
    json_t *all = json_array(), *flags = json_array(), *codes = json_array(), *words = json_array();

    for (const struct verb *verb = verbs; verb->name; verb++)
        if (verb->summary)
            json_array_append_new(all, verb_json(verb));
    for (const struct flag *flag = options_flags; flag->name; flag++)
        if (is_general(flag))
            json_array_append_new(flags, flag_json(flag, flag->value));
    for (const struct exit_code_meaning *row = exit_code_meanings; row->code >= 0; row++)
        json_array_append_new(codes,
                              json_pack("{s:i, s:s}", "code", row->code, "meaning", row->meaning));
    for (const struct word *word = options_words; word->word; word++)
        json_array_append_new(words, json_pack("{s:s, s:s, s:s*}", "word", word->word, "meaning",
                                               word->meaning, "complete", word->complete));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "format_version", JSON_FORMAT_VERSION,
                     "version", BILLINGD_VERSION, "verbs", all, "flags", flags, "exit_codes", codes,
                     "words", words);
}

int help_verb(const struct options *options)
{
    const struct verb *verb = NULL;

    if (options->operand && !(verb = options_verb(options->verbs, options->operand)))
        return EXIT_BAD_USAGE;
    if (options->output == OUTPUT_JSON) {
        json_auto_t *json = verb ? verb_json(verb) : help_document(options->verbs);

        return json_view_print(json) ? EXIT_FAILED : EXIT_DONE;
    }
    if (verb)
        help_print_verb(verb, stdout);
    else
        help_print(options->verbs, stdout);
    return EXIT_DONE;
}
