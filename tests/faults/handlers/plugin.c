/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that records what it does and does what its job's words say. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <warren/plugin.h>

enum { WORD_MAX = 16 };

static int record_fd;

static int open_record(void **state, char *error, size_t error_size)
{
	(void)state;
	const char *path = getenv("CHAOS_RECORD");
	record_fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (record_fd < 0)
		snprintf(error, error_size, "the file in CHAOS_RECORD cannot be opened");
	return record_fd < 0 ? -1 : 0;
}

/* One line, one write: O_APPEND keeps it whole among the others'. */
static void note(const char *what, const struct warren_job *job, const char *word)
{
	char line[512];
	const char *worker = getenv("CHAOS_WORKER");
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	int len = snprintf(line, sizeof line, "%s %s %u %ld %s %lld.%03ld %s\n", what, job->id,
	                   job->attempt, (long)getpid(), worker ? worker : "-",
	                   (long long)now.tv_sec, now.tv_nsec / 1000000, word);
	if (write(record_fd, line, (size_t)len) != len)
		abort();
}

/*
 * The word of this attempt; the last one counts for all further ones. args is a JSON string of
 * plain words.
 */
static void word_of(const struct warren_job *job, char word[static WORD_MAX])
{
	const char *at = job->args + 1;
	for (unsigned n = 1; n < job->attempt && strchr(at, ' '); n++)
		at = strchr(at, ' ') + 1;
	size_t len = strcspn(at, " \"");
	snprintf(word, WORD_MAX, "%.*s", (int)len, at);
}

static enum warren_verdict run(void *state, const struct warren_job *job,
                               const struct warren_host *host)
{
	(void)state;
	char word[WORD_MAX];
	word_of(job, word);
	note("begin", job, word);
	if (strcmp(word, "crash") == 0)
		raise(SIGKILL);
	if (strcmp(word, "slow") == 0)
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	note("end", job, word);
	bool retry = strcmp(word, "retry") == 0, dead = strcmp(word, "dead") == 0;
	if (retry || dead)
		host->error(host, "as planned");
	return retry ? WARREN_RETRY : dead ? WARREN_DEAD : WARREN_OK;
}

const struct warren_plugin warren_plugin_v1 = {
    .size = sizeof warren_plugin_v1, .open = open_record, .run = run};
