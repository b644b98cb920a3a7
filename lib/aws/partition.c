/* partition.c -- the one table of partitions.
 *
 * Source: partitions.json and iam's endpoint rule set, as of botocore 1.43
 * (tests/vectors/endpoints).  The last one is for every other region, also for ones that are newer
 * than this table. */
#include "aws/partition.h"

#include "base/str.h"

#include <string.h>

static const struct aws_partition partitions[] = {
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-north-1",
     "iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn",
     "iam.global.api.amazonwebservices.com.cn", "iam-fips.api.amazonwebservices.com.cn"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1",
     "iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws",
     "iam.us-gov.api.aws"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1",
     "iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu", NULL, NULL},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1",
     "iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov", NULL, NULL},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1",
     "iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov", NULL, NULL},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1",
     "iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk", NULL, NULL},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1",
     "iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov", NULL, NULL},
    {"aws", "", "amazonaws.com", "api.aws", "us-east-1", "iam.amazonaws.com",
     "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"},
};

/* Source: partitions.json of botocore 1.44.5.  There may be newer ones.  Ends with NULL. */
static const char *const regions[] = {"af-south-1",
                                      "ap-east-1",
                                      "ap-east-2",
                                      "ap-northeast-1",
                                      "ap-northeast-2",
                                      "ap-northeast-3",
                                      "ap-south-1",
                                      "ap-south-2",
                                      "ap-southeast-1",
                                      "ap-southeast-2",
                                      "ap-southeast-3",
                                      "ap-southeast-4",
                                      "ap-southeast-5",
                                      "ap-southeast-6",
                                      "ap-southeast-7",
                                      "ca-central-1",
                                      "ca-west-1",
                                      "cn-north-1",
                                      "cn-northwest-1",
                                      "eu-central-1",
                                      "eu-central-2",
                                      "eu-isoe-west-1",
                                      "eu-north-1",
                                      "eu-south-1",
                                      "eu-south-2",
                                      "eu-west-1",
                                      "eu-west-2",
                                      "eu-west-3",
                                      "eusc-de-east-1",
                                      "il-central-1",
                                      "me-central-1",
                                      "me-south-1",
                                      "me-west-1",
                                      "mx-central-1",
                                      "sa-east-1",
                                      "sa-west-1",
                                      "us-east-1",
                                      "us-east-2",
                                      "us-gov-east-1",
                                      "us-gov-west-1",
                                      "us-iso-east-1",
                                      "us-iso-west-1",
                                      "us-isob-east-1",
                                      "us-isob-west-1",
                                      "us-isof-east-1",
                                      "us-isof-south-1",
                                      "us-west-1",
                                      "us-west-2",
                                      NULL};

const struct aws_partition *aws_partition_of(const char *region)
{
    const struct aws_partition *p = partitions;

    while (strncmp(region, p->region_prefix, strlen(p->region_prefix)) != 0)
        p++;
    return p;
}

bool aws_partition_knows(const char *name)
{
    for (const char *const *region = regions; *region; region++)
        if (!strcmp(*region, name))
            return true;
    return false;
}

const char *aws_partition_nearest(const char *name)
{
    return str_nearest(name, regions);
}
