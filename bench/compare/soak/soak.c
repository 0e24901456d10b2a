/* soak: burns what is left of a CPU and counts how much that was. What a program and the kernel's work for it
 * take is then what is missing from the count, interrupts, wake-ups and cold caches included, which no
 * accounting of the kernel's shows so completely.
 *
 * usage: soak FILE      counts in the first eight bytes of FILE until it is killed. Pin it, and give it less
 * priority than what is measured and more than everything else. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define TURNS 200 /* of the inner loop: about a tenth of a microsecond */

int main(int argc, char **argv)
{
    int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    volatile uint64_t *count = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, sizeof *count) == 0)
        count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (count == MAP_FAILED) {
        fprintf(stderr, "usage: soak FILE\n");
        return 2;
    }
    for (uint64_t n = 0;; *count = ++n)
        for (unsigned i = 0; i < TURNS; i++)
            __asm__ volatile("" : : "r"(i));
}
