/* delivery_stream_members.h -- what a delivery stream tells beside its fields. */
#ifndef RESOURCES_DELIVERY_STREAM_MEMBERS_H
#define RESOURCES_DELIVERY_STREAM_MEMBERS_H

#include "resources/kind.h"

extern const struct member delivery_stream_members[];

#endif
