/* tag_list.h -- tags of any resources by the Resource Groups Tagging API: a hundred in one call.
 *
 * It learns of changes some time after the services themselves, and lists nothing that never had a
 * tag (GetResources, API reference).  So it is believed only where it says just what is wanted. */
#ifndef RESOURCES_TAG_LIST_H
#define RESOURCES_TAG_LIST_H

#include "resources/kind.h"

/* In the forms of S3's GetBucketTagging, Firehose's ListTagsForDeliveryStream, CloudWatch Logs'
 * ListTagsForResource, and those of Athena, CloudWatch and SNS. */
extern const struct wide_read tag_list_bucket, tag_list_stream, tag_list_logs, tag_list_others;

#endif
