/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/memory.h"
#include "worker/handlers/pool.h"
#include "worker/handlers/words.h"

/* Of the guardian, which is this very binary, whatever lies at its path by now. */
#define OUR_PROGRAM "/proc/self/exe"

/* Loads it in a process that ends at once: a plugin that cannot be loaded is to be told before jobs are taken. */
static int try_load(const char *path, struct error *err)
{
	char text[512] = "";
	int out[2], status = 0;
	pid_t pid;
	char *const argv[] = {(char *)"warren-worker", (char *)PLUGIN_HOST_WORD, (char *)"--check", (char *)path, NULL};
	posix_spawn_file_actions_t actions;
	if (pipe2(out, O_CLOEXEC) < 0)
		return error_set_errno(err, ERROR_BUG, errno, "no pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDERR_FILENO);
	int errnum = posix_spawn(&pid, OUR_PROGRAM, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	ssize_t n = errnum ? 0 : read(out[0], text, sizeof text - 1);
	close(out[0]);
	if (errnum)
		return error_set_errno(err, ERROR_BUG, errnum, "the plugin's host cannot be started");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	return error_set(err, ERROR_CONFIG, "%s", *text ? text : "the plugin ends the process that loads it");
}

static int plugin_open(struct handler *h, const char *rest, struct error *err)
{
	char **words, *path = realpath(rest, NULL);
	if (!path)
		return error_set_errno(err, ERROR_CONFIG, errno, "plugin '%.300s'", rest);
	if (try_load(path, err) < 0) {
		free(path);
		return -1;
	}
	words = xcalloc(4, sizeof *words); /* NOLINT(bugprone-sizeof-expression): pointers */
	words[0] = xstrdup("warren-worker");
	words[1] = xstrdup(PLUGIN_HOST_WORD);
	words[2] = path;
	return pool_open(h, xstrdup(OUR_PROGRAM), words, false, err);
}

const struct handler_kind plugin_kind = {
    .name = "plugin",
    .long_lived = true,
    .open = plugin_open,
    .close = pool_close,
    .full = pool_full,
    .flush = pool_flush,
    .retire = pool_retire,
    .start = pool_start,
    .stop = pool_stop,
};
