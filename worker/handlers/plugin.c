/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "worker/handlers/pool.h"
#include "worker/handlers/words.h"

#define PLUGIN_HOST "warren-plugin-host"

/*
 * Looks for the host beside the worker's own program (the build's folder), relative to it (where
 * both are installed), and where it was to be installed. After an upgrade the host may be newer
 * than a worker that runs on. What they say to each other is the protocol of all handlers, which
 * does not break old ones.
 */
static char *find_host(struct error *err)
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	own[n > 0 ? n : 0] = 0;
	char *slash = strrchr(own, '/');
	if (slash)
		*slash = 0;
	cleanup_free char *beside = xprintf("%s/" PLUGIN_HOST, own);
	cleanup_free char *near = xprintf("%s/../libexec/warren/" PLUGIN_HOST, own);
	const char *const places[] = {beside, near, WARREN_LIBEXECDIR "/" PLUGIN_HOST};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (access(places[i], X_OK) == 0)
			return xstrdup(places[i]);
	error_set(err, ERROR_CONFIG,
	          "plugins are run by " PLUGIN_HOST
	          ", which is in none of %s, %s/../libexec/warren and %s: install it again",
	          own, own, WARREN_LIBEXECDIR);
	return NULL;
}

/* Loads the plugin in a process that ends at once, so that a plugin that cannot be loaded is told
 * before jobs are taken. */
static int try_load(const char *host, const char *path, struct error *err)
{
	char text[512] = "";
	int out[2], status = 0;
	pid_t pid;
	char *const argv[] = {(char *)PLUGIN_HOST, (char *)"--check", (char *)path, NULL};
	posix_spawn_file_actions_t actions;
	if (pipe2(out, O_CLOEXEC) < 0)
		return error_set_errno(err, ERROR_BUG, errno,
		                       "the plugin cannot be tried, for lack of a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDERR_FILENO);
	int errnum = posix_spawn(&pid, host, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	ssize_t n = errnum ? 0 : read(out[0], text, sizeof text - 1);
	close(out[0]);
	if (errnum)
		return error_set_errno(err, ERROR_BUG, errnum, "'%s' cannot be started", host);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	return error_set(err, ERROR_CONFIG, "%s",
	                 *text ? text : "the plugin ends the process that loads it");
}

static int plugin_open(struct handler *h, const char *rest, struct error *err)
{
	cleanup_free char *path = realpath(rest, NULL);
	if (!path)
		return error_set_errno(err, ERROR_CONFIG, errno, "plugin '%.300s'", rest);
	cleanup_free char *host = find_host(err);
	if (!host || try_load(host, path, err) < 0)
		return -1;
	char **words = xcalloc(3, sizeof *words); /* NOLINT(bugprone-sizeof-expression): pointers */
	words[0] = xstrdup(PLUGIN_HOST);
	words[1] = steal_ptr(path);
	return pool_open(h, steal_ptr(host), words, false, err);
}

const struct handler_kind plugin_kind = {
    .name = "plugin",
    .long_lived = true,
    .open = plugin_open,
    .close = pool_close,
    .free = pool_free,
    .full = pool_full,
    .flush = pool_flush,
    .retire = pool_retire,
    .start = pool_start,
    .stop = pool_stop,
};
