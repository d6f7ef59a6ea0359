/* replay.c: runs a fuzz target over stored inputs, without clang.
 *
 * Usage: fuzz_NAME FILE|DIRECTORY...   Every regular file is one input.
 * As a test of `make check` it is started without arguments and takes
 * $top_srcdir/tests/fuzz/corpus/NAME, NAME from the program's own name.
 * With WITH_LIBFUZZER there is nothing here: libFuzzer brings its own main().
 */
#ifndef WITH_LIBFUZZER
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    uint8_t *data;
    size_t size;

    if (!file || fstat(fileno(file), &st) != 0 || !(data = malloc((size_t)st.st_size + 1))) {
        perror(path);
        return 1;
    }
    size = fread(data, 1, (size_t)st.st_size, file);
    fclose(file);
    /* An exact-size copy, so that AddressSanitizer sees a read past the end. */
    data = realloc(data, size ? size : 1);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

static int run_directory(const char *path)
{
    DIR *dir = opendir(path);
    int failed = 0;

    if (!dir) {
        perror(path);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char name[4096];
        struct stat st;

        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (stat(name, &st) == 0 && S_ISREG(st.st_mode))
            failed |= run_file(name);
    }
    closedir(dir);
    return failed;
}

int main(int argc, char **argv)
{
    char corpus[4096];
    int failed = 0;

    if (argc == 1) {
        const char *top = getenv("top_srcdir");
        const char *name = strstr(argv[0], "fuzz_");

        for (const char *next; name && (next = strstr(name + 1, "fuzz_"));)
            name = next;
        if (!name) {
            fprintf(stderr, "%s: not called fuzz_NAME\n", argv[0]);
            return 2;
        }
        snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s", top ? top : ".", name + 5);
        failed = run_directory(corpus);
    }
    for (int i = 1; i < argc; i++) {
        struct stat st;

        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            failed |= run_directory(argv[i]);
        else
            failed |= run_file(argv[i]);
    }
    printf("replayed %u inputs\n", replayed);
    return failed || replayed == 0;
}
#endif
