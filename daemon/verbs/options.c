#include "daemon/verbs/options.h"

#include "base/mem.h"
#include "base/str.h"
#include "daemon/verbs/verb.h"

#include <ctype.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(member) FLAG_TEXT, offsetof(struct options, member)
#define TRUTH(member) FLAG_TRUTH, offsetof(struct options, member)

/* A flag is a row here and a word among the arguments of its verbs.  Where a verb means something
 * of its own by it, a second row names that verb. */
const struct flag options_flags[] = {
    {"file", 'f', TEXT(file), "SPEC", "*",
     "the spec; default ./billing.yaml, then /etc/billingd/billing.yaml; - is standard input (not "
     "for run)"},
    {"output", 'o', FLAG_OUTPUT, 0, "FORMAT", "*",
     "text (the default), json, or what else the verb offers"},
    {"json", 0, FLAG_JSON, 0, NULL, "*", "the same as -o json"},
    {"color", 0, FLAG_COLOR, 0, "WHEN", "*",
     "auto (on a terminal, unless NO_COLOR is set or TERM=dumb), always or never"},
    {"log-level", 0, FLAG_LOG_LEVEL, 0, "LEVEL", "*", "error, warning, info (default) or debug"},
    {"help", 'h', TRUTH(help), NULL, "*", "the verbs; after a verb, its own flags"},
    {"version", 'V', TRUTH(version), NULL, "*", "the version"},
    {"yes", 'y', TRUTH(yes), NULL, NULL, "do not ask before writing"},
    {"detailed-exitcode", 0, TRUTH(detailed_exitcode), NULL, NULL,
     "end with 2 where something differs"},
    {"strict", 0, TRUTH(strict), NULL, NULL,
     "end with 3 where the spec has a warning, and ask AWS nothing"},
    {"print-effective", 0, TRUTH(print_effective), NULL, NULL,
     "print the spec with everything filled in"},
    {"dry-run", 0, TRUTH(dry_run), NULL, NULL, "show what would be done, and write nothing"},
    {"boundary", 0, TRUTH(boundary), NULL, NULL,
     "the permissions boundary of the spec's roles instead, for `boundary`"},
    {"without-boundary", 0, TRUTH(without_boundary), NULL, NULL,
     "also writes of roles that have no `boundary`: who holds it can become administrator"},
    {"once", 0, TRUTH(once), NULL, NULL, "one pass, then end with its exit code"},
    {"from-raw", 0, TRUTH(from_raw), NULL, NULL,
     "make the bill from raw events as well, and compare"},
    {"preview", 0, TRUTH(preview), NULL, NULL,
     "count days that are not built from what lies in the bucket now"},
    {"auto", 0, TRUTH(automatic), NULL, NULL, "as far back as the log group reaches"},
    {"correct", 0, TRUTH(correct), NULL, NULL, "bill what arrived after the close"},
    {"due", 0, TRUTH(due), NULL, NULL,
     "each month that is due, in order: the one after the last closed, once nothing of it can come "
     "late any more"},
    {"first", 0, TRUTH(first), NULL, NULL, "leave months before this one open for good"},
    {"rebuild", 0, TRUTH(rebuild), NULL, NULL, "also days whose build is believed"},
    {"accept-unknown", 0, TRUTH(accept_unknown), NULL, NULL,
     "close although AWS has no counts for some hours"},
    {"skip-pass-role-check", 0, TRUTH(skip_pass_role_check), NULL, NULL,
     "write although IAM's simulation denies what that needs"},
    {"month", 0, TEXT(month), "YYYY-MM", NULL, "this month of the billing time zone"},
    {"month", 0, TEXT(month), "YYYY-MM", "receipt",
     "this closed month; 2025-10-c1 is its first correction"},
    {"month", 0, TEXT(month), "YYYY-MM", "cost", "this month of UTC; without: the one that runs"},
    {"since", 0, TEXT(since), "AGE|DAY", NULL, "from this age (36h, 7d) or day on"},
    {"since", 0, TEXT(since), "AGE|TIME", "events", "from this age (36h, 7d) or time on"},
    {"from", 0, TEXT(from), "DAY", NULL, "from this day on"},
    {"from", 0, TEXT(from), "YYYY-MM", "whatif", "from this month on"},
    {"to", 0, TEXT(to), "DAY", NULL, "up to this day, itself included"},
    {"to", 0, TEXT(to), "YYYY-MM", "whatif", "up to this month, itself included"},
    {"day", 0, TEXT(day), "DAY", NULL, "this day of the billing time zone"},
    {"prices", 0, TEXT(prices), "FILE", NULL, "a file with other prices: a billing section"},
    {"prices", 0, TEXT(prices), "FILE", "import", "a file with the billing section of the spec"},
    {"pipeline", 0, TEXT(pipeline), "NAME", NULL, "only this pipeline of the spec"},
    {"pipeline", 0, TEXT(pipeline), "NAME", "import", "what the pipeline is called in the spec"},
    {"legacy", 0, TEXT(legacy), "PREFIX", NULL,
     "also objects of the older, unreadable form below this prefix"},
    {"public-key", 0, TEXT(public_key), "FILE", NULL,
     "the key to trust, instead of the spec's signing key"},
    {"public-key", 0, TEXT(public_key), "FILE", "verify-receipt", "the seller's key"},
    {"for", 0, TEXT(for_use), "DURATION", "pause", "how long: 30m, 4h, 7d; at most 30d"},
    {"for", 0, TEXT(for_use), "plan|apply|run|bill|close|cost", "iam-policy",
     "what is to be run with it; without: all"},
    {"split", 0, TEXT(split), "N", NULL, "at most so many documents, each fit for one policy"},
    {"max-changes", 0, TEXT(max_changes), "N", NULL,
     "change so many resources that are in place, more than reconcile.max_changes lets"},
    {"out", 0, TEXT(out), "PLANFILE", NULL, "also keep the plan in this file"},
    {"out", 0, TEXT(out), "FILE", "import", "write the spec to this new file"},
    {"out", 0, TEXT(out), "FILE", "receipt", "write it to this new file"},
    {"env", 0, TEXT(env_file), "FILE", NULL, "the variables of the two scripts, from their .env"},
    {"stage", 0, TEXT(stage), "NAME", NULL, "which of the API's stages"},
    {"template", 0, TEXT(template_file), "FILE", NULL, "another template than the usual one"},
    {"compare", 0, TEXT(compare), "FILE", NULL, "a file with the other billing query"},
    {"columns", 0, TEXT(columns), "MAP", NULL,
     "which columns of its answer are what: sub=client,calls=n,bytes=b,amount=fee"},
    {"by", 0, TEXT(by), "day|route|status", NULL, "what the lines are sums of; several: day,route"},
    {"customer", 0, TEXT(customer), "ID", "bill",
     "the document of this customer alone, as a draft: JSON, HTML, UBL or text"},
    {"customer", 0, TEXT(customer), "ID", NULL, "the customer, by the id on the bill; - is nobody"},
    {"route", 0, TEXT(route), "ROUTE", NULL,
     "only calls of this route; 'GET /a*': that begin so; -: of none"},
    {"status", 0, TEXT(status), "STATUS", NULL,
     "only calls with this status; 5xx: of this class; -: with none"},
    {"their", 0, TEXT(their), "FILE", NULL, "the customer's own list of request ids"},
    {"format", 0, TEXT(format), "csv|jsonl|log", NULL,
     "what that file is; without: by its name's end, or log where a pattern is given"},
    {"column", 0, TEXT(column), "NAME", "reconcile",
     "which column or member holds the ids; a number in a CSV without names"},
    {"pattern", 0, TEXT(pattern), "RE", NULL,
     "finds the id in a line of a log: a regular expression (PCRE2) with one group"},
    {"verbose", 'v', TRUTH(verbose), NULL, NULL, "also what is ignored"},
    {"check", 0, TRUTH(check), NULL, NULL, "only tell whether it would change"},
    {"diff", 0, TRUTH(diff), NULL, NULL, "only show what would change"},
    {"reason", 0, TEXT(reason), "TEXT", NULL, "why, for those who find it paused"},
    {"bad-spec", 0, TEXT(bad_spec), "exit|stay", NULL,
     "what a start with a wrong spec does; default: stay under systemd, else exit"},
    {0},
};
#define FLAG_COUNT (sizeof options_flags / sizeof *options_flags - 1)

/* What the words in usage lines stand for. */
const struct word options_words[] = {
    {"SPEC", "a billing.yaml", "file"},
    {"FILE", "a file", "file"},
    {"PLANFILE", "a plan kept by `plan --out`", "file"},
    {"YYYY-MM", "a month of the billing time zone, like 2025-10", "month"},
    {"DAY", "a day of the billing time zone: YYYY-MM-DD", "day"},
    {"AGE", "an age, like 36h or 7d", NULL},
    {"DURATION", "how long, like 30m, 4h or 7d", NULL},
    {"TEXT", "words for people", NULL},
    {"TIME", "a time, like 2025-10-01T12:00:00Z", NULL},
    {"MAP", "names of columns: sub=client,calls=n,bytes=b,amount=fee", NULL},
    {"START", "where to begin: an API, a log group, a stream, a bucket, or an ARN", NULL},
    {"NAME", "a pipeline of the spec", "pipeline"},
    {"ADDRESS", "a resource of the spec, like ddn-api/bucket", "address"},
    {"VERB", "a verb of billingd", "verb"},
    {"PREFIX", "the beginning of keys in the bucket, like json-data/", NULL},
    {"N", "a number", NULL},
    {"ID", "a customer, by the id on the bill; - is nobody", NULL},
    {"ROUTE", "a route key, like 'GET /orders'", NULL},
    {"RE", "a regular expression with one group, like 'id=([0-9a-f-]+)'", NULL},
    {"STATUS", "a status, like 404 or 5xx", NULL},
    {"FORMAT", "how data is printed", "format"},
    {"WHEN", "when colours are used", "color"},
    {"LEVEL", "what is logged", "level"},
    {0},
};

enum { LONG_FIRST = 256 }; /* getopt's values from here on are rows; below, letters */

static int wrong(const char *what, const char *value, const char *choices)
{
    (void)fprintf(stderr, "billingd: %s '%s': choose %s\n", what, value, choices);
    return EXIT_BAD_USAGE;
}

/* In the order of enum output_format. */
static const char *const output_names[] = {"text",  "json", "table", "csv",       "focus",
                                           "jsonl", "html", "ubl",   "focus-1.4", "lines"};

static int set_output(struct options *options, const char *value)
{
    for (size_t i = 0; i < sizeof output_names / sizeof *output_names; i++)
        if (!strcmp(value, output_names[i])) {
            options->output = (enum output_format)i;
            return -1;
        }
    return wrong("output", value,
                 "text, json, jsonl, table, csv, focus, focus-1.4, lines, html or ubl");
}

static int set_log_level(struct options *options, const char *value)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    static const enum log_level level_values[] = {LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

    for (size_t i = 0; i < 4; i++)
        if (!strcmp(value, levels[i])) {
            options->log_level = level_values[i];
            return -1;
        }
    return wrong("log level", value, "error, warning, info or debug");
}

/* value: NULL for a flag without one. */
static int set_flag(struct options *options, const struct flag *flag, const char *value)
{
    char *member = (char *)options + flag->offset;

    switch (flag->kind) {
    case FLAG_TRUTH:
        *(bool *)member = true;
        return -1;
    case FLAG_TEXT:
        *(const char **)member = value;
        return -1;
    case FLAG_JSON:
        options->output = OUTPUT_JSON;
        return -1;
    case FLAG_OUTPUT:
        return set_output(options, value);
    case FLAG_COLOR:
        return terminal_parse_color(value, &options->color)
                   ? -1
                   : wrong("color", value, "auto, always or never");
    default:
        return set_log_level(options, value);
    }
}

char *options_variable(const struct flag *flag)
{
    char *name = mem_printf("BILLINGD_%s", flag->name);

    for (char *c = name; *c; c++)
        *c = (char)(*c == '-' ? '_' : toupper((unsigned char)*c));
    return name;
}

static int read_environment(struct options *options)
{
    int code = -1;

    for (const struct flag *flag = options_flags; flag->name && code < 0; flag++) {
        cleanup_free char *name = flag->value ? options_variable(flag) : NULL;
        const char *value = name ? getenv(name) : NULL;

        code = value && *value ? set_flag(options, flag, value) : -1;
    }
    return code;
}

static const struct verb *find_verb(const struct verb *verbs, const char *name)
{
    for (; verbs->name; verbs++)
        if (!strcmp(verbs->name, name))
            return verbs;
    return NULL;
}

const struct verb *options_verb(const struct verb *verbs, const char *name)
{
    const struct verb *found = find_verb(verbs, name);
    cleanup_free const char **names = NULL;
    const char *nearest;
    size_t n = 0;

    if (found)
        return found;
    while (verbs[n].name)
        n++;
    names = mem_new((n + 1) * sizeof *names);
    n = 0;
    for (const struct verb *verb = verbs; verb->name; verb++)
        if (verb->summary)
            names[n++] = verb->name;
    nearest = str_nearest(name, names);
    (void)fprintf(stderr, "billingd: no verb '%s'%s%s%s\n", name, nearest ? "; did you mean '" : "",
                  nearest ? nearest : "", nearest ? "'?" : "");
    return NULL;
}

/* What was probably meant by it.  New text. */
static char *surplus_remedy(const struct verb *verb, const char *word)
{
    const char *dot = strrchr(word, '.');

    if (dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml")))
        return mem_printf("; a spec is named by -f: billingd -f %s %s", word, verb->name);
    if (strlen(word) == strlen("2025-10") && strspn(word, "0123456789") == 4 &&
        strstr(verb->arguments, "--month"))
        return mem_printf("; a month is named by --month: --month %s", word);
    return mem_text("");
}

static int tell_surplus(const struct verb *verb, const char *word)
{
    cleanup_free char *remedy = surplus_remedy(verb, word);

    (void)fprintf(stderr, "billingd: '%s' is one argument too many%s\n", word, remedy);
    return EXIT_BAD_USAGE;
}

static int take_verb(int argc, char **argv, struct options *options)
{
    int rest = optind + 1;

    if (optind >= argc)
        return -1;
    options->verb = options_verb(options->verbs, argv[optind]);
    if (!options->verb)
        return EXIT_BAD_USAGE;
    if (options->verb->operand && rest < argc)
        options->operand = argv[rest++];
    return rest < argc ? tell_surplus(options->verb, argv[rest]) : -1;
}

bool options_takes(const struct verb *verb, const struct flag *flag, const char **value)
{
    cleanup_free char *word = mem_printf(flag->letter == 'o' ? "-o" : "--%s", flag->name);
    size_t n = strlen(word);

    for (const char *at = verb->arguments; (at = strstr(at, word)); at += n)
        if (strchr(" ]", at[n])) {
            *value = flag->value ? at + n + (at[n] == ' ') : NULL;
            return true;
        }
    *value = NULL;
    return flag->verb && *flag->verb == '*';
}

const struct flag *options_flag(const struct verb *verb, const char *name)
{
    const struct flag *found = NULL;

    for (const struct flag *flag = options_flags; flag->name; flag++)
        if (!strcmp(flag->name, name)) {
            if (verb && flag->verb && !strcmp(flag->verb, verb->name))
                return flag;
            if (!found || !flag->verb) /* of every verb, rather than of another */
                found = flag;
        }
    return found;
}

/* A flag that would be ignored is a misunderstanding: told, before anything is billed by it. */
static int check_use(const struct options *options, const bool *given)
{
    const struct verb *verb = options->verb;
    const char *value;

    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (given[i] && !options_takes(verb, &options_flags[i], &value)) {
            (void)fprintf(stderr, "billingd: %s has no flag --%s\n", verb->name,
                          options_flags[i].name);
            return EXIT_BAD_USAGE;
        }
    /* One in brackets may be left out. */
    if (verb->operand && *verb->operand != '[' && !options->operand) {
        (void)fprintf(stderr, "billingd: %s needs %s, like: %s\n", verb->name, verb->operand,
                      verb->example);
        return EXIT_BAD_USAGE;
    }
    if ((options->output == OUTPUT_HTML || options->output == OUTPUT_UBL) && !options->customer)
        return wrong("output", output_names[options->output],
                     "another, or name whose document it is: bill --customer ID");
    if (options->output > OUTPUT_JSON && !verb->prints_bills)
        return wrong("output", output_names[options->output], "text or json for this verb");
    if (options->output == OUTPUT_JSONL && !strstr(verb->arguments, "jsonl"))
        return wrong("output", "jsonl", "another: this verb prints no list");
    if (options->output > OUTPUT_UBL && strcmp(verb->name, "bill") != 0)
        return wrong("output", output_names[options->output], "table, csv or json for this verb");
    return -1;
}

/* ---- getopt, with words of our own ---- */

static const struct flag *flag_of(int option)
{
    if (option >= LONG_FIRST)
        return &options_flags[option - LONG_FIRST];
    for (const struct flag *flag = options_flags; flag->name; flag++)
        if (flag->letter && flag->letter == option)
            return flag;
    return NULL;
}

/* "--mon" for --month is taken as getopt_long takes it; what fits several is told with all of them.
 */
static int tell_unknown(const char *word)
{
    cleanup_free const char **names = mem_new((FLAG_COUNT + 1) * sizeof *names);
    cleanup_free char *name = mem_text_n(word + 2, strcspn(word + 2, "="));
    struct str fitting = {0};
    const char *nearest;
    size_t n = 0;

    for (const struct flag *flag = options_flags; flag->name; flag++) {
        if (flag > options_flags && !strcmp(flag->name, flag[-1].name))
            continue;
        names[n++] = flag->name;
        if (!strncmp(flag->name, name, strlen(name)))
            str_addf(&fitting, "%s--%s", fitting.len ? ", " : "", flag->name);
    }
    nearest = str_nearest(name, names);
    if (fitting.len)
        (void)fprintf(stderr, "billingd: --%s can be %s: write it out\n", name, fitting.data);
    else
        (void)fprintf(stderr, "billingd: no flag --%s%s%s%s\n", name,
                      nearest ? "; did you mean --" : "", nearest ? nearest : "",
                      nearest ? "?" : "");
    str_fini(&fitting);
    return EXIT_BAD_USAGE;
}

static int tell_wrong(int option, const char *word)
{
    const struct flag *flag = flag_of(optopt);

    if (option == ':' && flag)
        (void)fprintf(stderr, "billingd: --%s needs a value: --%s %s\n", flag->name, flag->name,
                      flag->value);
    else if (flag)
        (void)fprintf(stderr, "billingd: --%s takes no value\n", flag->name);
    else if (optopt)
        (void)fprintf(stderr, "billingd: no flag -%c\n", optopt);
    else
        return tell_unknown(word);
    return EXIT_BAD_USAGE;
}

/* What getopt_long takes of the table. */
static void make_getopt(struct option *longs, char *letters)
{
    size_t n = 0;

    *letters++ = ':';
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        const struct flag *flag = &options_flags[i];

        if (i && !strcmp(flag->name, flag[-1].name))
            continue;
        longs[n++] = (struct option){flag->name, flag->value ? required_argument : no_argument,
                                     NULL, LONG_FIRST + (int)i};
        if (flag->letter)
            *letters++ = flag->letter;
        if (flag->letter && flag->value)
            *letters++ = ':';
    }
    longs[n] = (struct option){0};
    *letters = '\0';
}

/* The flags in the order given, each noted in `given` by its row. */
static int read_flags(int argc, char **argv, struct options *options, bool *given)
{
    struct option longs[FLAG_COUNT + 1];
    char letters[2 * FLAG_COUNT + 2];
    int option, code = -1;

    make_getopt(longs, letters);
    opterr = 0;
    while (code < 0 && (option = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const struct flag *flag;

        if (option == '?' || option == ':')
            return tell_wrong(option, argv[optind - 1]);
        flag = flag_of(option);
        if (!flag)
            abort(); /* getopt_long knows the rows of the table only */
        given[flag - options_flags] = true;
        code = set_flag(options, flag, optarg);
    }
    return code;
}

int options_parse(int argc, char **argv, const struct verb *verbs, struct options *options)
{
    bool given[FLAG_COUNT] = {false};
    int code;

    *options = (struct options){.log_level = LOG_INFO, .verbs = verbs};
    code = read_environment(options);
    if (code < 0)
        code = read_flags(argc, argv, options, given);
    if (code < 0)
        code = take_verb(argc, argv, options);
    if (code >= 0 || options->help || options->version || !options->verb)
        return code;
    return check_use(options, given);
}

bool options_color(const struct options *options, FILE *out)
{
    return terminal_use_color(options->color, out);
}
