/* import_hosts.c: data sets of hosts as our networks.
 *
 * An entry is "[!]address[/bits]", the address perhaps in brackets, or the name
 * of a host or (".example.org") of a domain.  "!" takes hosts out, and the more
 * precise entry wins (opendkim.conf(5), PeerList).  Ours are lists of networks
 * that are in; so what is out is cut from the networks around it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/region.h"
#include "cli/import_dataset.h"
#include "cli/import_translate.h"

enum { NETWORKS_MAX = 4096, SOURCES_MAX = 2, BITS_MAX = 128 };

struct host {
    struct ip_network network;
    bool out;
};

struct hosts {
    size_t count;
    struct host *items;
    struct buf names; /* what is no address, for people */
    bool any;         /* a source could be read */
};

static bool is_out(struct text entry) { return entry.len && entry.data[0] == '!'; }

/* ENTRY without "!" and brackets. */
static const char *bare(struct import *import, struct text entry)
{
    size_t end;

    entry = text_tail(entry, is_out(entry));
    if (entry.len == 0 || entry.data[0] != '[')
        return import_printf(import, "%.*s", TEXT_ARGS(entry));
    end = text_find(entry, ']');
    return import_printf(import, "%.*s%.*s", TEXT_ARGS(text_tail(text_head(entry, end), 1)),
                         TEXT_ARGS(text_tail(entry, end + 1)));
}

static void add_host(struct hosts *hosts, struct text address, bool out)
{
    struct host *h = &hosts->items[hosts->count];

    h->out = out;
    hosts->count += ip_network_parse(address, &h->network);
}

static void read_host(struct import *import, struct text entry, struct hosts *hosts)
{
    struct text address = text_of(bare(import, entry));
    size_t before = hosts->count;

    if (text_equal_nocase(address, TEXT("localhost"))) {
        add_host(hosts, TEXT("127.0.0.1"), is_out(entry));
        address = TEXT("::1");
    }
    add_host(hosts, address, is_out(entry));
    if (hosts->count == before)
        buf_printf(&hosts->names, "%s%s", hosts->names.len ? ", " : "",
                   import_shown(import, entry));
}

/* The wider first; of two alike the one that is out last. */
static int by_width(const void *a, const void *b)
{
    const struct host *x = a, *y = b;

    if (x->network.prefix != y->network.prefix)
        return x->network.prefix < y->network.prefix ? -1 : 1;
    return (int)x->out - (int)y->out;
}

/* The hosts of all SOURCES that can be read; a note on each of the others. */
static struct hosts read_hosts(struct import *import, const char *option,
                               const struct host_source *sources, size_t count)
{
    struct hosts hosts = { .any = false };
    struct import_dataset sets[SOURCES_MAX];
    size_t entries = 0;

    for (size_t i = 0; i < count; i++) {
        sets[i] = import_dataset_read(import, sources[i].spec);
        entries += sets[i].count;
        if (sets[i].trouble)
            import_unreadable(import, NULL, option, sources[i].setting, sets[i].trouble);
        else
            hosts.any = true;
    }
    buf_init(&hosts.names, import->region, IMPORT_OCTETS_MAX);
    hosts.items = region_array(import->region, 2 * entries + 1, sizeof(struct host));
    for (size_t i = 0; hosts.items && i < count; i++)
        for (size_t j = 0; j < sets[i].count; j++)
            read_host(import, sets[i].entries[j].key, &hosts);
    if (hosts.count)
        qsort(hosts.items, hosts.count, sizeof *hosts.items, by_width);
    return hosts;
}

struct cut {
    struct ip_network *items; /* NETWORKS_MAX */
    size_t count;
    bool full;
};

static bool is_kept(const struct cut *cut, const struct ip_network *network)
{
    for (size_t i = 0; i < cut->count; i++)
        if (cut->items[i].prefix <= network->prefix &&
            ip_network_has(&cut->items[i], &network->address))
            return true;
    return false;
}

static void keep(struct cut *to, const struct ip_network *network)
{
    if (is_kept(to, network))
        return;
    to->full = to->full || to->count == NETWORKS_MAX;
    if (!to->full)
        to->items[to->count++] = *network;
}

/* AROUND without OUT, which lies in it: for each bit that OUT has more, the half
 * that OUT is not in. */
static void keep_halves(struct cut *to, const struct ip_network *around,
                        const struct ip_network *out)
{
    for (unsigned prefix = around->prefix + 1; prefix <= out->prefix; prefix++) {
        struct ip_network half = { out->address, prefix };

        half.address.octets[(prefix - 1) / 8] ^= (uint8_t)(0x80u >> ((prefix - 1) % 8));
        keep(to, &half);
    }
}

static void cut_out(const struct cut *from, const struct ip_network *out, struct cut *to)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        const struct ip_network *network = &from->items[i];

        if (network->prefix <= out->prefix && ip_network_has(network, &out->address))
            keep_halves(to, network, out);
        else
            keep(to, network);
    }
}

/* Without the bits behind the prefix. */
static struct text written(struct import *import, const struct ip_network *network)
{
    unsigned bits = network->address.family == IP_V4 ? 32 : BITS_MAX;
    struct ip_address address = network->address;
    char name[IP_TEXT_SIZE];

    for (unsigned bit = network->prefix; bit < bits; bit++)
        address.octets[bit / 8] &= (uint8_t)~(0x80u >> (bit % 8));
    ip_format(&address, name);
    return text_of(network->prefix == bits ? import_printf(import, "%s", name)
                                           : import_printf(import, "%s/%u", name,
                                                           network->prefix));
}

/* The networks that HOSTS are in; false: too many.  Of "everybody" nothing is cut:
 * our reader refuses it, and tells why. */
static bool networks_of(struct import *import, const struct hosts *hosts, struct texts *texts)
{
    struct cut a = { region_array(import->region, NETWORKS_MAX, sizeof *a.items), 0, false };
    struct cut b = { region_array(import->region, NETWORKS_MAX, sizeof *b.items), 0, false };
    const struct ip_network *everybody = NULL;

    *texts = (struct texts){ 0, region_array(import->region, NETWORKS_MAX + 1,
                                             sizeof(struct text)) };
    if (!a.items || !b.items || !texts->items)
        return true;
    for (size_t i = 0; i < hosts->count && !a.full; i++) {
        const struct ip_network *network = &hosts->items[i].network;
        struct cut swap = a;

        if (hosts->items[i].out) {
            cut_out(&a, network, &b);
            a = b;
            b = swap;
        } else if (network->prefix > 0) {
            keep(&a, network);
        } else {
            everybody = network;
        }
    }
    for (size_t i = 0; i < a.count; i++)
        texts->items[texts->count++] = written(import, &a.items[i]);
    if (everybody)
        texts->items[texts->count++] = written(import, everybody);
    return !a.full;
}

static const char *note_on_names(struct import *import, struct hosts *hosts)
{
    const char *names = buf_str(&hosts->names);

    if (!names || !*names)
        return NULL;
    return import_printf(import, "REVIEW: not taken over, because here hosts are given by "
                                 "address: %s.", import_shown(import, text_of(names)));
}

void import_hosts(struct import *import, const char *option, const char *note,
                  const struct host_source *sources, size_t count)
{
    struct hosts hosts = read_hosts(import, option, sources, count);
    const char *left, *value;
    struct texts networks;

    if (!hosts.any)
        return;
    if (!networks_of(import, &hosts, &networks)) {
        import_unreadable(import, NULL, option, sources[0].setting,
                          "it comes to too many networks");
        return;
    }
    value = import_list(import, NULL, option, &networks, &left);
    note = import_joined(import, note, note_on_names(import, &hosts));
    import_option(import, sources[0].setting, NULL, option, value,
                  import_joined(import, note, left));
    for (size_t i = 1; i < count; i++)
        import_also_setting(import, sources[i].setting);
}

void import_networks(struct import *import, const struct import_row *row,
                     const struct foreign_setting *s)
{
    import_hosts(import, row->option, row->note, &(struct host_source){ s, s->value }, 1);
}

void import_network_file(struct import *import, const struct import_row *row,
                         const struct foreign_setting *s)
{
    const char *file = import_printf(import, "file:%s", import_path(import, s->value));

    import_hosts(import, row->option, row->note, &(struct host_source){ s, text_of(file) }, 1);
}
