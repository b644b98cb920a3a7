#include "aws/codec/capture.h"

#include "base/mem.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

/* Far more than a line of a log needs. */
enum { MOST_STEPS = 1000000, MOST_DEPTH = 10000, MESSAGE_ROOM = 256 };

struct capture {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

struct capture *capture_new(const char *pattern, struct err *e)
{
    PCRE2_UCHAR message[MESSAGE_ROOM] = "";
    struct capture *capture = mem_new(sizeof *capture);
    uint32_t groups = 0;
    PCRE2_SIZE where = 0;
    int problem = 0;

    capture->code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                      PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &problem, &where, NULL);
    if (!capture->code) {
        (void)pcre2_get_error_message(problem, message, sizeof message);
        (void)err_set(e, ERR_INVALID, "the pattern is wrong at character %zu: %s",
                      (size_t)where + 1, (const char *)message);
        free(capture);
        return NULL;
    }
    (void)pcre2_pattern_info(capture->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups != 1) {
        (void)err_set(e, ERR_INVALID,
                      "the pattern has %u groups: put the id, and nothing else, in (brackets); "
                      "(?:...) is no group",
                      groups);
        pcre2_code_free(capture->code);
        free(capture);
        return NULL;
    }
    capture->match = pcre2_match_data_create_from_pattern(capture->code, NULL);
    capture->limits = pcre2_match_context_create(NULL);
    (void)pcre2_set_match_limit(capture->limits, MOST_STEPS);
    (void)pcre2_set_depth_limit(capture->limits, MOST_DEPTH);
    return capture;
}

void capture_free(struct capture *capture)
{
    if (!capture)
        return;
    pcre2_match_context_free(capture->limits);
    pcre2_match_data_free(capture->match);
    pcre2_code_free(capture->code);
    free(capture);
}

int capture_find(struct capture *capture, const char *line, size_t length, const char **found,
                 size_t *found_length)
{
    int how =
        pcre2_match(capture->code, (PCRE2_SPTR)line, length, 0, 0, capture->match, capture->limits);
    const PCRE2_SIZE *places = pcre2_get_ovector_pointer(capture->match);

    if (how < 0 && how != PCRE2_ERROR_NOMATCH)
        return -1;
    if (how < 2 || places[2] == PCRE2_UNSET)
        return 0;
    *found = line + places[2];
    *found_length = places[3] - places[2];
    return 1;
}
