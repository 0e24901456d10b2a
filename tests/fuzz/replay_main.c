/* Runs a fuzz target over kept inputs without libFuzzer, so that any compiler and any build replays them:
 * each argument is a file, or a directory whose files are taken. Exit 1 when an input cannot be read or there
 * was none; a property that does not hold aborts. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/property.h"

static unsigned inputs;

static int replay_file(const char *path, size_t n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(n ? n : 1); /* exactly n: the address sanitizer guards the end */
    size_t got = f && bytes ? fread(bytes, 1, n, f) : 0;
    int bad = !f || !bytes || got != n;
    if (bad) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    } else {
        LLVMFuzzerTestOneInput(bytes, n);
        inputs++;
    }
    free(bytes);
    if (f)
        fclose(f);
    return bad;
}

static int replay(const char *path);

static int replay_dir(const char *path)
{
    DIR *d = opendir(path);
    int bad = !d;
    if (bad)
        perror(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char *inside;
        if (e->d_name[0] == '.' || asprintf(&inside, "%s/%s", path, e->d_name) < 0)
            continue;
        bad |= replay(inside);
        free(inside);
    }
    if (d)
        closedir(d);
    return bad;
}

static int replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        return 1;
    }
    return S_ISDIR(st.st_mode) ? replay_dir(path) : replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
    int bad = 0;
    for (int i = 1; i < argc; i++)
        bad |= replay(argv[i]);
    printf("%u inputs replayed\n", inputs);
    return bad || inputs == 0;
}
