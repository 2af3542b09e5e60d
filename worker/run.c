/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/settings/connect.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/settings/worker_settings.h"
#include "worker/guardian/cgroup.h"
#include "worker/command_line.h"
#include "worker/commands.h"
#include "worker/guardian/guardian.h"
#include "worker/worker.h"

static const struct option_spec options[] = {
    {"queue", 'q', "NAME[:WEIGHT]",
     "consume this queue; repeat for more (default: those of the config, else 'default')"},
    {"slots", 'j', "N", "jobs at once in this process (default: number of processors)",
     .setting = "slots"},
    {"handler", 'H', "GLOB=KIND:...",
     "run types that match GLOB by exec:CMD, process:CMD, plugin:FILE or a URL; the first match "
     "wins"},
    {"with", 'w', "KEY=VALUE",
     "a setting of the handler before it, or of the command behind --: memory=500M"},
    {"signed-by", 0, "FILE",
     "run only jobs that a public key in FILE signed (in all queues; see signed_by)"},
    {"open-with", 0, "FILE",
     "run only jobs whose args a secret key in FILE opens (in all queues; see open_with)"},
    {"timeout", 0, "TIME", "stop a job after this time (default 5m)", .setting = "timeout"},
    {"grace", 0, "TIME", "time between SIGTERM and SIGKILL for a handler (default 10s)",
     .setting = "grace"},
    {"drain", 0, "TIME", "time for running jobs to end after SIGTERM (default 30s)",
     .setting = "drain"},
    {"name", 0, "NAME", "name of this worker in logs and dead letters (default HOST:PID)",
     .setting = "name"},
    {"once", 0, NULL, "run one job, then exit"},
    {"count", 0, "N", "run N jobs, then exit"},
    {"burst", 0, NULL, "exit when the queues are empty"},
    {"setup", 0, NULL, "declare exchanges and queues first (needs the permission to)"},
    {0},
};

static int read_limits(const struct options *o, struct worker_limits *limits, struct error *err)
{
	*limits = (struct worker_limits){.burst = options_has(o, "burst"),
	                                 .jobs = options_has(o, "once") ? 1 : 0};
	uint64_t count;
	if (options_count(o, "count", &count, err) < 0)
		return -1;
	if (count > 0)
		limits->jobs = count;
	return 0;
}

static int prepare(struct worker_settings *s, const struct options *o, struct worker_limits *limits,
                   struct error *err)
{
	if (o->argument_count > o->after_dashes)
		return error_set(err, ERROR_USAGE,
		                 "unexpected argument '%s'; a command stands behind --: "
		                 "warren-worker run -q mail -- CMD ARG",
		                 o->arguments[0]);
	if (command_line_handlers(s, o, err) < 0 || command_line_queues(s, o, err) < 0)
		return -1;
	if (read_limits(o, limits, err) < 0 || command_line_check(s, err) < 0)
		return -1;
	return 0;
}

/* Makes control groups if a handler needs one. That moves this process into a group, too. */
static void begin_groups(const struct worker_settings *s)
{
	for (size_t i = 0; i < s->handler_count; i++) {
		if (s->handlers[i].memory == SETTINGS_UNSET)
			continue;
		cgroup_begin();
		return;
	}
}

static int run(int argc, char **argv)
{
	struct options o;
	struct worker_settings s;
	struct worker_limits limits = {0};
	struct error err = {0};
	int code = 0;
	if (options_begin(&worker_schema, &run_command, argc, argv, &o, &s, &code))
		return code;

	/* The guardian is forked first, while this process is small and has neither threads nor
	 * connections. */
	int guardian_fd = -1, guardian_pid = -1;
	int rc = prepare(&s, &o, &limits, &err);
	if (rc == 0)
		begin_groups(&s);
	if (rc < 0 || guardian_fork(&guardian_fd, &guardian_pid, &err) < 0 ||
	    (options_has(&o, "setup") && connect_setup(&worker_schema, &s, &err) < 0))
		code = options_fail(WORKER_PROGRAM, &run_command, &err);
	else
		code = worker_run(&s, &o, limits, guardian_fd, guardian_pid);
	cgroup_end();
	settings_finish(&worker_schema, &s);
	options_finish(&o);
	return code;
}

const struct command_spec run_command = {
    .name = "run",
    .usage = "run [-q QUEUE]... [-j N] [--handler 'GLOB=exec:CMD']... [-- CMD ARG...]",
    .summary = "take jobs from queues and run them",
    .examples = "  warren-worker run -q mail -j 8 -- ./send-mail.sh\n"
                "  warren-worker run -q img:3 -q mail --handler 'img.*=exec:./thumb.sh' --handler "
                "'mail.*=exec:./mail.sh'\n"
                "  warren-worker run -q reports --burst --setup -- ./report.sh\n",
    .options = options,
    .run = run,
};
