#include "guard/blast_radius.h"

#include "base/mem.h"

#include <jansson.h>

struct blast_radius {
    size_t most;
    json_t *seen; /* address: true */
};

struct blast_radius *blast_radius_new(size_t most)
{
    struct blast_radius *radius = mem_new(sizeof *radius);

    radius->most = most;
    radius->seen = json_object();
    return radius;
}

void blast_radius_free(struct blast_radius *radius)
{
    if (!radius)
        return;
    json_decref(radius->seen);
    free(radius);
}

void blast_radius_allow(struct blast_radius *radius, size_t most)
{
    radius->most = most;
}

size_t blast_radius_most(const struct blast_radius *radius)
{
    return radius->most;
}

void blast_radius_inherit(struct blast_radius *radius, const struct blast_radius *from)
{
    if (!from)
        return;
    json_decref(radius->seen);
    radius->seen = json_incref(from->seen);
}

void blast_radius_see(struct blast_radius *radius, const char *address)
{
    json_object_set_new(radius->seen, address, json_true());
}

bool blast_radius_counts(const struct blast_radius *radius, const char *address, bool makes)
{
    return !makes || json_object_get(radius->seen, address);
}

bool blast_radius_is_over(const struct blast_radius *radius, size_t changes)
{
    return radius->most && changes > radius->most;
}
