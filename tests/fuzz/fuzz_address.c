/* What somebody asks about on the command line, pauses and plans by name: an address of the spec,
 * which finds itself again, or an error that fits on a line; a pause that is written is found, for
 * as long as it lasts. */
#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/str.h"
#include "state/address.h"
#include "state/pause.h"

#include <string.h>

enum { NOW = 1761868800 };

static const char spec[] = "account: \"123456789012\"\nregion: ap-northeast-2\n"
                           "template: tests/specs/template.yaml\n"
                           "pipelines: {one: {parameters: {bucket: some-bucket}}, "
                           "one-more: {parameters: {bucket: other-bucket}}}\n";

static struct manifest *load(void)
{
    static struct manifest *manifest;
    struct problems problems = {0};

    if (!manifest)
        manifest = manifest_load_text("fuzz.yaml", spec, false, &problems);
    must(manifest);
    problems_fini(&problems);
    return manifest;
}

static void find_again(const struct manifest *manifest, const struct address *address)
{
    struct address again;
    struct err e = {0};

    must(address->pipeline < manifest->pipeline_count && address->text);
    must(address->resource || !address->field);
    must(!address_find(manifest, address->text, &again, &e));
    must(!strcmp(again.text, address->text) && again.resource == address->resource);
    address_fini(&again);
}

static void pause(const char *address, const char *reason)
{
    json_auto_t *one = json_pack("{s:s, s:s, s:s, s:i, s:i}", "address", address, "reason", reason,
                                 "by", "arn:aws:iam::1:user/a", "since", NOW, "until", NOW + 60);
    json_auto_t *none = json_array(), *document = NULL, *read = NULL, *ended = NULL;
    cleanup_free char *text = NULL, *shown = printable_line(mem_text(reason));
    struct err e = {0};

    if (!one)
        return; /* no UTF-8 */
    document = pause_document(none, address, one, NOW);
    read = pause_list(document, &e);
    must(read && json_array_size(read) == 1);
    must(pause_find(read, address, NOW) && !pause_find(read, address, NOW + 60));
    text = pause_text(json_array_get(read, 0));
    must(strstr(text, shown));
    ended = pause_document(read, address, NULL, NOW);
    must(!pause_find(json_object_get(ended, "pauses"), address, NOW));
}

FUZZ_TARGET(address)
{
    struct fuzz_input input = {data, size};
    cleanup_free char *text = fuzz_text(&input), *reason = fuzz_text(&input);
    const struct manifest *manifest = load();
    struct address address;
    struct err e = {0};

    if (address_find(manifest, text, &address, &e)) {
        fuzz_error(&e);
    } else {
        find_again(manifest, &address);
        pause(address.text, reason);
    }
    address_fini(&address);
    err_clear(&e);
    if (address_find_former(manifest, text, &address, &e))
        fuzz_error(&e);
    address_fini(&address);
}
