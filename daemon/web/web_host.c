#include "daemon/web/web_host.h"

#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { NAME_ROOM = 256 };

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

static bool is_listed(const char *name, const json_t *hosts)
{
    size_t i;
    json_t *each;

    json_array_foreach(hosts, i, each)
        if (!strcasecmp(name, json_string_value(each)))
            return true;
    return false;
}

/* Its short name, too: nobody else's DNS can have it. */
static bool is_machine(const char *name)
{
    char own[NAME_ROOM] = "";

    if (gethostname(own, sizeof own - 1) || !*own)
        return false;
    if (!strcasecmp(name, own))
        return true;
    own[strcspn(own, ".")] = '\0';
    return !strcasecmp(name, own);
}

/* "name:port" or "[address]:port" without its port; "" for what is neither. */
static char *plain(const char *host)
{
    size_t length = *host == '[' ? strcspn(host, "]") : strcspn(host, ":");
    const char *port = host + length + (*host == '[' && host[length]);
    bool six = *host == '[';

    if ((six && host[length] != ']') || (*port && *port != ':') ||
        (*port && strspn(port + 1, "0123456789") != strlen(port + 1)))
        return mem_text("");
    if (!six && length && host[length - 1] == '.')
        length--; /* example.com. is example.com */
    return mem_text_n(host + six, length - six);
}

bool web_host_is_ours(const char *host, const json_t *hosts)
{
    cleanup_free char *name = host ? plain(host) : NULL;

    return !host || is_address(name) || !strcasecmp(name, "localhost") ||
           (str_ends_with(name, ".localhost")) || is_machine(name) || is_listed(name, hosts);
}

bool web_host_is_origin(const char *origin, const char *host)
{
    const char *name = origin ? strstr(origin, "://") : NULL;

    return !origin || (name && host && !strcasecmp(name + 3, host));
}
