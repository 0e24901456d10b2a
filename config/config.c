/* One reading of a file from its bytes to a finished configuration: the order of the steps, and what is given
 * back when one of them fails. See config.h. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/holder.h"
#include "config/keys.h"

#define MEMORY_MAX (128u << 20) /* bytes that one reading may take of either arena */

static void read_tree(struct reading *r, const struct node *root)
{
    if (root->kind != NODE_MAP) {
        if (root->kind != NODE_BAD)
            complain(&r->errors, root->at,
                     "a configuration is a group of keys: dpdk, interfaces, listeners ...");
        return;
    }
    read_section(r, &cfg_top, root, r->config);
    places_sort(r);
    check_names(r);
    check_dpdk(r);
    check_interfaces(r);
    check_listeners(r);
    check_access(r);
    check_rates(r);
    check_endpoints(r);
    check_balancing(r);
    check_health(r);
    check_rules(r);
}

/* All that allocates from the arenas. False: memory was short. */
static bool read_guarded(struct reading *r, const char *name, const char *text, size_t n)
{
    jmp_buf short_of_memory;
    struct node *root;

    r->scratch = r->keep = (struct arena){.left = MEMORY_MAX, .short_of_memory = &short_of_memory};
    r->last_reference = &r->references;
    if (setjmp(short_of_memory))
        return false;
    r->config = arena_alloc(&r->keep, sizeof(struct holder));
    r->config->file = arena_text(&r->keep, name, strlen(name));
    root = tree_load(&r->parser, text, n, &r->scratch, &r->errors);
    if (root)
        read_tree(r, root);
    return !r->errors.out_of_memory;
}

static void init_errors(struct cfg_errors *errs, const char *name)
{
    *errs = (struct cfg_errors){.file = strdup(name)};
}

/* The one complaint of a file that was not read, or not to its end. */
static void only_complaint(struct cfg_errors *errs, const char *what)
{
    struct complaints c = {.out = errs, .room = errs->n};

    complain(&c, (struct mark){0, 0}, "%s", what);
}

struct config *config_parse(const char *name, const char *text, size_t n, struct cfg_errors *errs)
{
    struct reading r = {.errors = {.out = errs}};
    bool whole;

    init_errors(errs, name);
    whole = read_guarded(&r, name, text, n);
    tree_close(&r.parser);
    arena_free(&r.scratch);
    if (whole && errs->n == 0) {
        ((struct holder *)(void *)r.config)->users = 1;
        ((struct holder *)(void *)r.config)->mem = r.keep;
        return r.config;
    }
    arena_free(&r.keep);
    complaints_sort(&r.errors);
    if (!whole)
        only_complaint(errs, "too large: reading it takes more memory than there is");
    return NULL;
}

/* All of a file, and a zero; NULL with errno. Reads one byte more than may be, so that too much is seen. */
static char *slurp(int fd, size_t *n)
{
    size_t room = 1 << 16;
    char *text = malloc(room);
    ssize_t got;

    for (*n = 0; text; *n += (size_t)got) {
        if (*n == room) {
            char *more = realloc(text, 2 * room);

            if (!more)
                break;
            text = more;
            room *= 2;
        }
        got = read(fd, text + *n, room - *n);
        if (got == 0 || (got > 0 && *n + (size_t)got > TREE_MAX_TEXT)) {
            *n += (size_t)got;
            return text;
        }
        if (got < 0 && errno != EINTR)
            break;
        got = got < 0 ? 0 : got;
    }
    free(text);
    return NULL;
}

struct config *config_load(const char *path, struct cfg_errors *errs)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct config *c = NULL;
    char *text = NULL;
    size_t n;

    if (fd >= 0)
        text = slurp(fd, &n);
    if (text) {
        c = config_parse(path, text, n, errs);
    } else {
        int e = errno;

        init_errors(errs, path);
        only_complaint(errs, strerror(e));
    }
    free(text);
    if (fd >= 0)
        close(fd);
    return c;
}

void config_free(struct config *c)
{
    struct holder *h = (struct holder *)(void *)c;
    struct arena mem;

    if (!c || --h->users > 0)
        return;
    if (h->base) {
        derived_free(h);
        return;
    }
    mem = h->mem; /* the arena holds c itself */
    arena_free(&mem);
}
