/* The exposition text, held to the format's own words and to Prometheus's promtool. */
#include "base/clock.h"
#include "check.h"
#include "daemon/health/service_metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char *written(struct metric *metric)
{
    struct metric *const table[] = {metric, NULL};
    struct str out = {0};

    (void)metric_write(table, &(struct metric_part){.most = SIZE_MAX}, &out);
    return str_take(&out);
}

static void check_written(struct metric *metric, const char *want)
{
    char *have = written(metric);

    CHECK_TEXT(have, want);
    free(have);
    metric_clear(metric);
}

static const char *const one_label[] = {"word", NULL};
static const char *const two_labels[] = {"b", "a", NULL};

static void fill(struct metric *metric)
{
    for (int i = 0; i < 10; i++) {
        char word[8];

        (void)snprintf(word, sizeof word, "w%d", i);
        metric_set(metric, i, word, NULL);
    }
}

/* In parts it is the same text; what comes or goes between two of them makes no series twice. */
static void test_parts(void)
{
    struct metric first = {.name = "x", .help = "H", .type = METRIC_GAUGE, .labels = one_label};
    struct metric second = {.name = "y", .help = "H", .type = METRIC_GAUGE, .labels = one_label};
    struct metric *const table[] = {&first, &second, NULL};
    struct metric_part whole = {.most = SIZE_MAX}, some = {.most = 3}, again = {.most = 3};
    cleanup_str struct str all = {0}, parts = {0}, changed = {0};
    int rounds = 1;

    fill(&first);
    fill(&second);
    CHECK(!metric_write(table, &whole, &all));
    while (metric_write(table, &some, &parts))
        rounds++;
    CHECK_INT(rounds, 7);
    CHECK_TEXT(str_text(&parts), str_text(&all));
    CHECK(metric_write(table, &again, &changed));
    metric_forget(&first, "w2"); /* the last that was written */
    metric_set(&first, 1, "w00", NULL);
    metric_set(&first, 1, "w33", NULL);
    while (metric_write(table, &again, &changed))
        ;
    CHECK(strstr(str_text(&changed), "x{word=\"w2\"} 2\nx{word=\"w3\"} 3\n"
                                     "x{word=\"w33\"} 1\nx{word=\"w4\"} 4\n") != NULL);
    CHECK(strstr(str_text(&changed), "w00") == NULL);
    metric_clear(&first);
    metric_clear(&second);
}

static void test_counter(void)
{
    struct metric plain = {.name = "x_total", .help = "Help.", .type = METRIC_COUNTER};
    struct metric labelled = {
        .name = "y_total", .help = "Help.", .type = METRIC_COUNTER, .labels = two_labels};

    check_written(&plain, "# HELP x_total Help.\n# TYPE x_total counter\nx_total 0\n");
    metric_add(&plain, 2, NULL);
    metric_add(&plain, 1, NULL);
    metric_add(&plain, -5, NULL); /* counters never fall */
    check_written(&plain, "# HELP x_total Help.\n# TYPE x_total counter\nx_total 3\n");

    check_written(&labelled, "");
    metric_add(&labelled, 1, "z", "1", NULL);
    metric_add(&labelled, 1, "a", "2", NULL);
    metric_add(&labelled, 1, "z", "1", NULL);
    metric_declare(&labelled, "m", "0", NULL);
    check_written(&labelled, "# HELP y_total Help.\n# TYPE y_total counter\n"
                             "y_total{b=\"a\",a=\"2\"} 1\n"
                             "y_total{b=\"m\",a=\"0\"} 0\n"
                             "y_total{b=\"z\",a=\"1\"} 2\n");
}

/* What is unknown has no sample; a counter begins at 0. */
static void test_unknown(void)
{
    struct metric plain = {.name = "x", .help = "H", .type = METRIC_GAUGE};
    struct metric gauge = {.name = "y", .help = "H", .type = METRIC_GAUGE, .labels = two_labels};

    check_written(&plain, "");
    metric_set(&plain, 0, NULL);
    check_written(&plain, "# HELP x H\n# TYPE x gauge\nx 0\n");
    CHECK(metric_value(&gauge, -1, "p", "1", NULL) == -1);
    metric_set(&gauge, 1, "p", "1", NULL);
    metric_set(&gauge, 2, "p", "2", NULL);
    metric_set(&gauge, 3, "pp", "1", NULL);
    metric_set(&gauge, 4, "p\"", "1", NULL);
    CHECK(metric_value(&gauge, -1, "p", "2", NULL) == 2);
    metric_forget(&gauge, "p");
    CHECK(metric_value(&gauge, -1, "p", "2", NULL) == -1);
    metric_forget(&gauge, "nobody");
    metric_forget(&gauge, "p\"");
    check_written(&gauge, "# HELP y H\n# TYPE y gauge\ny{b=\"pp\",a=\"1\"} 3\n");
    metric_forget(&gauge, "pp");
}

/* What AWS calls a code is a label only when it is a word. */
static void test_codes(void)
{
    static const char *const words[] = {"ok", "InvalidReply", "404", "AWS.Simple_Queue.1"};
    static const char *const others[] = {
        "",   "no permission", "arn:aws:iam::123456789012:user/x", "Account123456789012", "<html>",
        "a-b"};
    struct str out = {0};

    metric_clear(&service_metrics.aws_requests_total);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        service_metrics_count_request(
            &(struct aws_attempt){"s3", "GetObject", words[i], false, 1, 0});
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        service_metrics_count_request(
            &(struct aws_attempt){"s3", "GetObject", others[i], false, 1, 0});
    (void)service_metrics_write(clock_now_ms(), &(struct metric_part){.most = SIZE_MAX}, &out);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char wanted[128];

        (void)snprintf(wanted, sizeof wanted, "operation=\"GetObject\",code=\"%s\"} 1\n", words[i]);
        CHECK(strstr(out.data, wanted) != NULL);
    }
    CHECK(strstr(out.data, "operation=\"GetObject\",code=\"other\"} 6\n") != NULL);
    CHECK(strstr(out.data, "123456789012") == NULL);
    str_fini(&out);
}

static void test_escaping(void)
{
    struct metric metric = {
        .name = "x", .help = "a\\b\n\"c\"", .type = METRIC_GAUGE, .labels = one_label};

    metric_set(&metric, 1, "\\ \" \n", NULL);
    metric_set(&metric, 2, "서울", NULL);
    metric_set(&metric, 3, "\xff\"\xc3", NULL); /* not UTF-8 */
    check_written(&metric, "# HELP x a\\\\b\\n\"c\"\n# TYPE x gauge\n"
                           "x{word=\"?\\\"?\"} 3\n"
                           "x{word=\"\\\\ \\\" \\n\"} 1\n"
                           "x{word=\"서울\"} 2\n");
}

static void test_numbers(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {1763812345.678, "1763812345.678"},
                 {-1e300, "-1e+300"},
                 {INFINITY, "+Inf"},
                 {-INFINITY, "-Inf"},
                 {(double)NAN, "NaN"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct metric metric = {.name = "x", .help = "H", .type = METRIC_GAUGE};
        char want[128];

        metric_set(&metric, cases[i].value, NULL);
        (void)snprintf(want, sizeof(want), "# HELP x H\n# TYPE x gauge\nx %s\n", cases[i].text);
        check_written(&metric, want);
    }
}

static void test_histogram(void)
{
    static const double bounds[] = {0.5, 1, 2.5};
    struct metric metric = {.name = "t_seconds",
                            .help = "H",
                            .type = METRIC_HISTOGRAM,
                            .labels = one_label,
                            .bounds = bounds,
                            .bound_count = 3};

    metric_observe(&metric, 0.5, "a", NULL); /* le: a bound belongs to its bucket */
    metric_observe(&metric, 0.75, "a", NULL);
    metric_observe(&metric, 100, "a", NULL);
    check_written(&metric, "# HELP t_seconds H\n# TYPE t_seconds histogram\n"
                           "t_seconds_bucket{word=\"a\",le=\"0.5\"} 1\n"
                           "t_seconds_bucket{word=\"a\",le=\"1\"} 2\n"
                           "t_seconds_bucket{word=\"a\",le=\"2.5\"} 2\n"
                           "t_seconds_bucket{word=\"a\",le=\"+Inf\"} 3\n"
                           "t_seconds_sum{word=\"a\"} 101.25\n"
                           "t_seconds_count{word=\"a\"} 3\n");
}

static void test_limit(void)
{
    struct metric metric = {
        .name = "x_total", .help = "H", .type = METRIC_COUNTER, .labels = one_label};
    char word[16];
    char *text;

    for (int i = 0; i < METRIC_SERIES + 500; i++) {
        (void)snprintf(word, sizeof(word), "w%d", i);
        metric_add(&metric, 1, word, NULL);
    }
    CHECK_INT((long long)metric.count, METRIC_SERIES + 1);
    text = written(&metric);
    CHECK(strstr(text, "\nx_total{word=\"other\"} 500\n") != NULL);
    free(text);
    metric_clear(&metric);
}

/* Calls with a wrong number of labels are our bug and must not pass silently. */
static void test_wrong_labels(void)
{
    for (int extra = 0; extra < 2; extra++) {
        int status = 0;
        pid_t child = fork();

        if (!child) {
            struct metric metric = {
                .name = "x", .help = "H", .type = METRIC_GAUGE, .labels = one_label};
            struct rlimit none = {0, 0};

            (void)setrlimit(RLIMIT_CORE, &none);
            if (extra)
                metric_set(&metric, 1, "a", "b", NULL);
            else
                metric_set(&metric, 1, NULL);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

static double sample(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtod(at + strlen(name), NULL) : -1;
}

static void test_process(void)
{
    struct str out = {0};
    double open_before;

    metric_process_write(1763812345678, &out);
    CHECK(strstr(out.data, "\nprocess_start_time_seconds 1763812345.678\n") != NULL);
    CHECK(sample(out.data, "\nprocess_resident_memory_bytes ") > 500e3);
    CHECK(sample(out.data, "\nprocess_virtual_memory_bytes ") >
          sample(out.data, "\nprocess_resident_memory_bytes "));
    CHECK(sample(out.data, "\nprocess_cpu_seconds_total ") >= 0);
    CHECK(sample(out.data, "\nprocess_max_fds ") >= 64);
    open_before = sample(out.data, "\nprocess_open_fds ");
    CHECK(open_before >= 3);
    str_fini(&out);

    CHECK(dup(0) > 0);
    metric_process_write(1, &out);
    CHECK(sample(out.data, "\nprocess_open_fds ") == open_before + 1);
    CHECK(strstr(out.data, "\nprocess_start_time_seconds 0.001\n") != NULL);
    str_fini(&out);
}

/* 0 when promtool has nothing to say about the text. */
static int promtool(const char *text)
{
    FILE *pipe = popen("promtool check metrics 2>&1", "w");
    int status;

    if (!pipe)
        return -1;
    (void)fputs(text, pipe);
    status = pclose(pipe);
    if (status)
        fprintf(stderr, "promtool check metrics: status %d (Debian package prometheus)\n", status);
    return status;
}

static void test_billingd(void)
{
    static const char *const synced[] = {"Ready", "Synced", NULL};
    static const char *const nothing[] = {NULL};
    struct str out = {0};

    service_metrics_start("0.1.0");
    (void)service_metrics_write(clock_now_ms(), &(struct metric_part){.most = SIZE_MAX}, &out);
    CHECK(strstr(out.data, "billingd_build_info{version=\"0.1.0\"} 1\n") != NULL);
    CHECK(strstr(out.data, "billingd_reconcile_total{result=\"failed\"} 0\n") != NULL);
    CHECK(strstr(out.data, "billingd_guard_blocked_total{guard=\"account\"} 0\n") != NULL);
    CHECK_INT(promtool(out.data), 0);
    str_fini(&out);

    service_metrics_count_reload(true, 1763812345678);
    service_metrics_count_reload(false, 1763819999999);
    service_metrics_set_conditions("ddn-api/bucket", "s3_bucket", synced);
    service_metrics_set_conditions("ddn-api/stream", "delivery_stream", nothing);
    service_metrics_set_conditions("ddn-api/gone", "log_group", synced);
    metric_set(&service_metrics.resource_drift_fields, 2, "ddn-api/stream", NULL);
    metric_observe(&service_metrics.reconcile_duration, 0.31, NULL);
    service_metrics_count_request(&(struct aws_attempt){"s3", "HeadBucket", "ok", false, 12, 0});
    service_metrics_count_request(&(struct aws_attempt){"firehose", "CreateDeliveryStream",
                                                        "ThrottlingException", true, 40, 1500});
    (void)service_metrics_write(clock_now_ms(), &(struct metric_part){.most = SIZE_MAX}, &out);
    CHECK(strstr(out.data, "billingd_config_last_reload_successful 0\n") != NULL);
    CHECK(strstr(out.data, "_success_timestamp_seconds 1763812345.678\n") != NULL);
    CHECK(strstr(out.data, "billingd_spec_generation 1\n") != NULL);
    CHECK(strstr(out.data, "billingd_resource_condition{resource=\"ddn-api/bucket\","
                           "kind=\"s3_bucket\",condition=\"Synced\"} 1\n") != NULL);
    CHECK(strstr(out.data, "billingd_resource_condition{resource=\"ddn-api/stream\","
                           "kind=\"delivery_stream\",condition=\"Synced\"} 0\n") != NULL);
    CHECK(strstr(out.data, "billingd_aws_requests_total{service=\"firehose\","
                           "operation=\"CreateDeliveryStream\",code=\"ThrottlingException\"} 1\n"));
    CHECK(strstr(out.data, "billingd_aws_throttled_total{service=\"firehose\"} 1\n") != NULL);
    CHECK(strstr(out.data, "billingd_aws_throttled_total{service=\"s3\"} 0\n") != NULL);
    CHECK(strstr(out.data, "billingd_calls_waited_seconds_total 1.5\n") != NULL);
    CHECK_INT(promtool(out.data), 0);
    str_fini(&out);

    service_metrics_drop(service_metrics_forget_measured());
    service_metrics_set_conditions("ddn-api/bucket", "s3_bucket", nothing);
    (void)service_metrics_write(clock_now_ms(), &(struct metric_part){.most = SIZE_MAX}, &out);
    CHECK(strstr(out.data, "ddn-api/gone") == NULL);
    CHECK(strstr(out.data, "resource=\"ddn-api/bucket\"") != NULL);
    str_fini(&out);
    service_metrics_drop(service_metrics_forget_measured());
}

static void set_all(int resources, const char *const *conditions)
{
    for (int i = 0; i < resources; i++) {
        char address[32];

        (void)snprintf(address, sizeof address, "p%d/bucket", i);
        service_metrics_set_conditions(address, "bucket", conditions);
        service_metrics_set_loss(address, LOSS_NONE);
        metric_set(&service_metrics.leader, 1, address, NULL);
    }
}

/* However many the spec has, each is told by its own name.  Zeros of many are left out; what held
 * once goes on at 0. */
static void test_many(void)
{
    static const char *const synced[] = {"Ready", "Synced", NULL};
    static const char *const held[] = {"Ready", "NonConverging", NULL};
    enum { MANY = 25000 };
    const struct metric *metric = &service_metrics.resource_condition;

    service_metrics_expect(MANY);
    set_all(MANY, synced);
    CHECK_INT((long long)metric->count, 2LL * MANY);
    CHECK_INT((long long)service_metrics.resource_loss.count, 0);
    CHECK_INT((long long)service_metrics.leader.count, MANY);
    CHECK(isnan(metric_value(metric, NAN, "other", "other", "other", NULL)));
    service_metrics_set_conditions("p24999/bucket", "bucket", held);
    service_metrics_set_loss("p24999/bucket", LOSS_DROPPED);
    CHECK(metric_value(metric, 9, "p24999/bucket", "bucket", "Synced", NULL) == 0);
    CHECK(metric_value(metric, 9, "p24999/bucket", "bucket", "NonConverging", NULL) == 1);
    service_metrics_set_conditions("p24999/bucket", "bucket", synced);
    service_metrics_set_loss("p24999/bucket", LOSS_NONE);
    CHECK(metric_value(metric, 9, "p24999/bucket", "bucket", "NonConverging", NULL) == 0);
    CHECK(metric_value(&service_metrics.resource_loss, 9, "p24999/bucket", "dropped", NULL) == 0);
    service_metrics_drop(service_metrics_forget_measured());
    metric_clear(&service_metrics.leader);
    service_metrics_expect(1);
    set_all(1, synced);
    CHECK_INT((long long)metric->count, 7);
    CHECK_INT((long long)service_metrics.resource_loss.count, 3);
    service_metrics_drop(service_metrics_forget_measured());
    metric_clear(&service_metrics.leader);
}

int main(void)
{
    test_parts();
    test_many();
    (void)signal(SIGPIPE, SIG_IGN);
    test_counter();
    test_unknown();
    test_escaping();
    test_numbers();
    test_histogram();
    test_limit();
    test_wrong_labels();
    test_process();
    test_billingd();
    test_codes();
    /* promtool itself must be able to say no. */
    CHECK(promtool("# TYPE x counter\nx{a=\"} 1\n") != 0);
    return check_done();
}
