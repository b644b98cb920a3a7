/* partition.h -- AWS's partitions: regions that share accounts, ARNs and host names. */
#ifndef AWS_PARTITION_H
#define AWS_PARTITION_H

#include <stdbool.h>

struct aws_partition {
    const char *name;          /* of ARNs: "aws", "aws-cn" */
    const char *region_prefix; /* of its regions' names */
    const char *dns_suffix;    /* of hosts, and of some service principals: "amazonaws.com" */
    const char *dual_stack_suffix;
    /* IAM has one endpoint per partition, and signs for this region.  NULL: none such. */
    const char *iam_region;
    const char *iam_host, *iam_fips_host, *iam_dual_host, *iam_fips_dual_host;
};

/* The partition of a region, by its name; the largest ("aws") for a region of no known one.  Never
 * NULL. */
const struct aws_partition *aws_partition_of(const char *region);
/* Whether a region of that name was there when this was built. */
bool aws_partition_knows(const char *name);
/* The known region nearest to a name that is none, by edit distance; NULL when none is near. */
const char *aws_partition_nearest(const char *name);

#endif
