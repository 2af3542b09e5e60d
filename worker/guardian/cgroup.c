/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/guardian/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/memory.h"

static char base[CGROUP_PATH_SIZE / 2]; /* "" when there is no usable group */

static bool read_text(const char *folder, const char *file, char *out, size_t size)
{
	cleanup_free char *path = xprintf("%s/%s", folder, file);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	out[n > 0 ? n : 0] = 0;
	return n >= 0;
}

static bool write_text(const char *folder, const char *file, const char *text)
{
	cleanup_free char *path = xprintf("%s/%s", folder, file);
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Finds the line "0::/path" of /proc/self/cgroup, below where version 2 is mounted alone. */
static bool find_group(char out[static sizeof base])
{
	char text[4096];
	struct stat st;
	if (stat("/sys/fs/cgroup/cgroup.controllers", &st) < 0 ||
	    !read_text("/proc/self", "cgroup", text, sizeof text))
		return false;
	const char *line = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	if (!line)
		return false;
	const char *path = strchr(line, '/');
	int len = (int)strcspn(path, "\n");
	return snprintf(out, sizeof base, "/sys/fs/cgroup%.*s", len, path) < (int)sizeof base;
}

static bool has_memory(const char *folder)
{
	char text[1024];
	if (!read_text(folder, "cgroup.controllers", text, sizeof text))
		return false;
	text[strcspn(text, "\n")] = 0;
	char *rest = NULL;
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		if (strcmp(word, "memory") == 0)
			return true;
	return false;
}

static char *own_group(const char *folder)
{
	return xprintf("%s/warren-worker-%d", folder, (int)getpid());
}

static void move_back(const char *folder)
{
	cleanup_free char *own = own_group(folder);
	write_text(folder, "cgroup.procs", "0");
	rmdir(own);
}

bool cgroup_begin(void)
{
	char folder[sizeof base];
	if (!find_group(folder) || !has_memory(folder))
		return false;
	cleanup_free char *own = own_group(folder);
	if (mkdir(own, 0755) < 0)
		return false;
	if (!write_text(own, "cgroup.procs", "0") ||
	    !write_text(folder, "cgroup.subtree_control", "+memory")) {
		move_back(folder);
		return false;
	}
	snprintf(base, sizeof base, "%s", folder);
	return true;
}

bool cgroup_usable(void)
{
	return base[0] != 0;
}

void cgroup_end(void)
{
	if (!base[0])
		return;
	write_text(base, "cgroup.subtree_control", "-memory");
	move_back(base);
	base[0] = 0;
}

int cgroup_make(uint64_t number, int64_t memory, char path[static CGROUP_PATH_SIZE])
{
	char text[32];
	snprintf(path, CGROUP_PATH_SIZE, "%s/warren-job-%d-%llu", base, (int)getpid(),
	         (unsigned long long)number);
	snprintf(text, sizeof text, "%lld", (long long)memory);
	if (mkdir(path, 0755) < 0)
		return -1;
	cleanup_free char *procs = xprintf("%s/cgroup.procs", path);
	int fd = write_text(path, "memory.max", text) ? open(procs, O_WRONLY | O_CLOEXEC) : -1;
	write_text(path, "memory.swap.max", "0"); /* not there without swap accounting */
	write_text(path, "memory.oom.group", "1");
	if (fd >= 0)
		return fd;
	int errnum = errno;
	rmdir(path);
	errno = errnum;
	return -1;
}

bool cgroup_killed(const char *path)
{
	char text[1024];
	if (!*path || !read_text(path, "memory.events", text, sizeof text))
		return false;
	const char *line = strstr(text, "oom_kill ");
	return line && strtoull(line + strlen("oom_kill "), NULL, 10) > 0;
}

void cgroup_remove(const char *path)
{
	if (*path)
		rmdir(path);
}
