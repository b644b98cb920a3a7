/* The one table of partitions against AWS's own, region by region. */
#include "aws/partition.h"
#include "base/json.h"
#include "check.h"

#include <string.h>

static void check_region(const char *region, const json_t *partition)
{
    CHECK_TEXT(aws_partition_nearest(region), region);
    const struct aws_partition *have = aws_partition_of(region);
    const json_t *outputs = json_object_get(partition, "outputs");

    CHECK_TEXT(have->name, json_text(partition, "id"));
    CHECK_TEXT(have->dns_suffix, json_text(outputs, "dnsSuffix"));
    CHECK_TEXT(have->dual_stack_suffix, json_text(outputs, "dualStackDnsSuffix"));
    CHECK(strncmp(region, have->region_prefix, strlen(have->region_prefix)) == 0);
}

int main(void)
{
    json_error_t error;
    json_auto_t *document = json_load_file("tests/vectors/endpoints/partitions.json", 0, &error);
    const json_t *partition, *ignored;
    const char *region;
    size_t i;

    CHECK(document != NULL);
    json_array_foreach(json_object_get(document, "partitions"), i, partition)
        json_object_foreach(json_object_get(partition, "regions"), region, ignored)
            if (!strstr(region, "global")) /* pseudo regions: a region is always a real one here */
                check_region(region, partition);
    CHECK_INT(i, 8);
    CHECK_TEXT(aws_partition_of("cn-new-1")->name, "aws-cn");
    CHECK_TEXT(aws_partition_of("us-isob-new-1")->name, "aws-iso-b");
    CHECK_TEXT(aws_partition_of("xx-new-1")->name, "aws");
    CHECK_TEXT(aws_partition_of("")->name, "aws");
    CHECK_TEXT(aws_partition_nearest("eu-west3"), "eu-west-3");
    CHECK_TEXT(aws_partition_nearest("AP-NORTHEAST-2"), "ap-northeast-2");
    CHECK(!aws_partition_nearest("paris"));
    return check_done();
}
