/* Counts the output calls of a process below one folder and makes the n-th of them fail.
 *
 * Built as a shared library and preloaded. Nothing happens until fault_arm(root, n, action):
 * action -1 kills the process in place of the n-th call, a positive one makes that call
 * fail with this errno (every further one too if `forever` is set), 0 only counts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 65536
static char root[PATH_MAX];
static size_t length;
static long at, action, forever, calls, hits;
static char last[PATH_MAX + 32];
static unsigned char ours[FILES];

void fault_arm(const char *folder, long n, long what, long always) {
    snprintf(root, sizeof root, "%s", folder);
    length = strlen(root);
    at = n, action = what, forever = always;
    __atomic_store_n(&calls, 0, __ATOMIC_SEQ_CST);
    hits = 0;
    last[0] = 0;
}
long fault_calls(void) { return calls; }
long fault_hits(void) { return hits; }
const char *fault_last(void) { return last; }

static int inside(int dir, const char *path) {
    char whole[PATH_MAX], base[PATH_MAX], link[64];
    if (!length || !path) return 0;
    if (path[0] == '/') return !strncmp(path, root, length);
    if (dir == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
        ssize_t n = readlink(link, base, sizeof base - 1);
        if (n < 0) return 0;
        base[n] = 0;
    }
    if (snprintf(whole, sizeof whole, "%s/%s", base, path) >= (int)sizeof whole) return 0;
    return !strncmp(whole, root, length);
}

/* Whether this output call is to fail; errno is set. */
static int fails(const char *name, const char *path) {
    long n = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (!at || n < at || (n > at && !forever) || !action) return 0;
    if (!hits++) snprintf(last, sizeof last, "%s %s", name, path ? path : "");
    if (action < 0) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    errno = (int)action;
    return 1;
}
static int fails_fd(const char *name, int fd) {
    return length && fd >= 0 && fd < FILES && ours[fd] && fails(name, 0);
}
static int opened(int fd, int flags, int is_ours) {
    if (fd >= 0 && fd < FILES) ours[fd] = is_ours && ((flags & O_ACCMODE) != O_RDONLY);
    return fd;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name)
#define OPEN(name, TAKE, ...)                                                       \
    mode_t mode = 0;                                                                \
    if (flags & (O_CREAT | O_TMPFILE)) {                                            \
        va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
    }                                                                               \
    REAL(name);                                                                     \
    int mine = inside(TAKE, path);                                                  \
    if (mine && (flags & (O_CREAT | O_TRUNC)) && fails(#name, path)) return -1;     \
    return opened(real(__VA_ARGS__), flags, mine);

int open(const char *path, int flags, ...) { OPEN(open, AT_FDCWD, path, flags, mode) }
int open64(const char *path, int flags, ...) { OPEN(open64, AT_FDCWD, path, flags, mode) }
int openat(int dir, const char *path, int flags, ...) { OPEN(openat, dir, dir, path, flags, mode) }
int openat64(int dir, const char *path, int flags, ...) { OPEN(openat64, dir, dir, path, flags, mode) }

int close(int fd) {
    REAL(close);
    if (fd >= 0 && fd < FILES) ours[fd] = 0;
    return real(fd);
}

#define ON_FILE(kind, name, ...)                                                    \
    REAL(name);                                                                     \
    if (fails_fd(#name, fd)) return (kind)-1;                                       \
    return real(__VA_ARGS__);

ssize_t write(int fd, const void *p, size_t n) { ON_FILE(ssize_t, write, fd, p, n) }
ssize_t writev(int fd, const struct iovec *v, int n) { ON_FILE(ssize_t, writev, fd, v, n) }
ssize_t pwrite(int fd, const void *p, size_t n, off_t o) { ON_FILE(ssize_t, pwrite, fd, p, n, o) }
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t o) { ON_FILE(ssize_t, pwrite64, fd, p, n, o) }
int ftruncate(int fd, off_t n) { ON_FILE(int, ftruncate, fd, n) }
int ftruncate64(int fd, off64_t n) { ON_FILE(int, ftruncate64, fd, n) }
int fdatasync(int fd) { ON_FILE(int, fdatasync, fd) }

int fsync(int fd) {   /* files are flushed through a handle that only reads */
    REAL(fsync);
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = length ? readlink(link, path, sizeof path - 1) : -1;
    if (n > 0) {
        path[n] = 0;
        if (!strncmp(path, root, length) && fails("fsync", path)) return -1;
    }
    return real(fd);
}

#define ON_NAME(name, TAKE, WHICH, ...)                                             \
    REAL(name);                                                                     \
    if (inside(TAKE, WHICH) && fails(#name, WHICH)) return -1;                      \
    return real(__VA_ARGS__);

int rename(const char *a, const char *b) { ON_NAME(rename, AT_FDCWD, b, a, b) }
int renameat(int d, const char *a, int e, const char *b) { ON_NAME(renameat, e, b, d, a, e, b) }
int mkdir(const char *path, mode_t m) { ON_NAME(mkdir, AT_FDCWD, path, path, m) }
int mkdirat(int d, const char *path, mode_t m) { ON_NAME(mkdirat, d, path, d, path, m) }
int unlink(const char *path) { ON_NAME(unlink, AT_FDCWD, path, path) }
int unlinkat(int d, const char *path, int f) { ON_NAME(unlinkat, d, path, d, path, f) }
int rmdir(const char *path) { ON_NAME(rmdir, AT_FDCWD, path, path) }
int chmod(const char *path, mode_t m) { ON_NAME(chmod, AT_FDCWD, path, path, m) }
