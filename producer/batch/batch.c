/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/batch.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "common/base/memory.h"
#include "common/settings/connect.h"
#include "common/job/pack.h"
#include "producer/batch/batch_report.h"
#include "producer/batch/batch_turn.h"
#include "producer/session/job_options.h"

static const struct option_spec options[] = {
    JOB_OPTIONS,
    PROTECT_OPTIONS,
    {"pack", 0, "N",
     "put up to N jobs that are due now into one message (at most 1000; default: one message "
     "for each job)"},
    {"window", 0, "N", "how many jobs may wait for their confirm at the same time (default 1000)",
     .setting = "window"},
    {"rate", 0, "N", "publish at most N jobs a second"},
    {"receipts", 0, "FILE", "write a line of JSON for each input line: confirmed, or why not"},
    {"resume", 0, "FILE",
     "continue the run of this receipts file: skip confirmed lines, append the others"},
    {"keep-going", 0, NULL, "skip input files that cannot be read"},
    {"halt", 0, "N", "stop reading after N lines have failed (default: never)"},
    {"wait", 0, NULL,
     "wait until the jobs have ended and print a line of JSON for each; the summary goes to "
     "stderr"},
    {"dry-run", 0, NULL, "check all lines, but send nothing"},
    {"progress", 0, "FORM", "show the progress on stderr as auto, none, bar, plain or json"},
    {"json", 0, NULL, "print the summary as a line of JSON"},
    {0},
};

/* ---- its beginning ---- */

static int parse_number(const struct options *o, const char *name, double *out, struct error *err)
{
	const char *text = options_get(o, name);
	char *end;
	*out = 0;
	if (!text)
		return 0;
	*out = strtod(text, &end);
	if (strcmp(end, "/s") == 0)
		end += 2;
	if (end == text || *end || !(*out > 0))
		return error_set(err, ERROR_USAGE, "--%s wants a number above 0, not '%.60s'", name,
		                 text);
	return 0;
}

static int open_receipts(struct batch *b, struct error *err)
{
	const char *fresh = options_get(&b->s->options, "receipts"),
	           *resumed = options_get(&b->s->options, "resume");
	if (fresh && resumed && strcmp(fresh, resumed) != 0)
		return error_set(err, ERROR_USAGE,
		                 "--resume appends to the file that it names, so --receipts cannot "
		                 "name another one");
	if (b->dry)
		return 0;
	if (resumed)
		return receipts_resume(&b->receipts, resumed, err);
	return fresh ? receipts_create(&b->receipts, fresh, err) : 0;
}

static int block_signals(struct batch *b)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	b->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return b->signals;
}

static int connect_batch(struct batch *b, struct error *err)
{
	const struct submit_options o = {.connection = &b->s->settings.connection,
	                                 .role = "batch",
	                                 .give_up = true,
	                                 .told = batch_connection_told,
	                                 .data = b};
	if (b->dry)
		return 0;
	if (options_has(&b->s->options, "setup")) {
		if (b->queue &&
		    queues_use(&producer_schema, &b->s->settings, b->queue, false, err) < 0)
			return -1;
		if (connect_setup(&producer_schema, &b->s->settings, err) < 0)
			return -1;
	}
	b->targets = targets_open(&b->s->settings.connection, err);
	if (!b->targets || (b->queue && targets_check(b->targets, b->queue, err) < 0))
		return -1;
	if (options_has(&b->s->options, "wait") &&
	    !(b->waiter = waiter_open(&b->s->settings.connection, err)))
		return -1;
	b->submit = submit_open(&o, err);
	return b->submit ? 0 : -1;
}

static int read_pack(struct batch *b, struct error *err)
{
	const struct options *o = &b->s->options;
	uint64_t jobs;
	if (options_count(o, "pack", &jobs, err) < 0)
		return -1;
	if (jobs > PACK_JOBS_MAX)
		return error_set(err, ERROR_USAGE, "--pack takes at most %d jobs into a message",
		                 PACK_JOBS_MAX);
	if (jobs > 1 && options_has(o, "wait"))
		return error_set(err, ERROR_USAGE,
		                 "--pack and --wait exclude each other: each job of a pack would "
		                 "still need a message for its answer");
	if (jobs > 1 && (options_has(o, "delay") || options_has(o, "at")))
		return error_set(err, ERROR_USAGE,
		                 "--pack and --%s exclude each other: a job that is due later "
		                 "needs a message of its own",
		                 options_has(o, "delay") ? "delay" : "at");
	batch_packs_init(&b->packs, jobs > 1 ? jobs : 1, b->all.max_body);
	return 0;
}

static int prepare(struct batch *b, struct error *err)
{
	const struct options *o = &b->s->options;
	b->dry = options_has(o, "dry-run");
	b->queue = options_get(o, "queue");
	b->all.template = &b->template;
	b->all.receipts = &b->receipts;
	b->all.max_body = (size_t)b->s->settings.connection.max_body;
	b->protect = job_options_protect(&b->s->settings, o);
	if (batch_input_begin(&b->input, o, b->all.max_body, &b->all.type, err) < 0 ||
	    job_options_read(o, clock_now_ms(), &b->template, err) < 0 ||
	    options_count(o, "halt", &b->halt, err) < 0 || read_pack(b, err) < 0 ||
	    parse_number(o, "rate", &b->rate, err) < 0 ||
	    progress_init(&b->progress, options_get(o, "progress"), err) < 0)
		return -1;
	if (b->queue && !queue_name_valid(span_of(b->queue)))
		return error_set(err, ERROR_USAGE, "queue name '%.100s' must be " QUEUE_NAME_FORM,
		                 b->queue);
	b->state.bytes_total = batch_input_size(&b->input);
	if (block_signals(b) < 0)
		return error_set_errno(err, ERROR_BUG, errno, "signalfd");
	if (connect_batch(b, err) < 0 || open_receipts(b, err) < 0)
		return -1;
	job_finish(&b->template);
	if (job_options_read(o, batch_line_time_ms(&b->receipts), &b->template, err) < 0)
		return -1;
	b->started_ms = clock_monotonic_ms();
	return 0;
}

/* ---- its end ---- */

static void print_summary(const struct batch *b)
{
	static const char *const names[] = {"lines",  "sent",      "confirmed", "returned",
	                                    "nacked", "timed_out", "rejected",  "skipped"};
	const uint64_t *e = b->ends;
	const uint64_t counts[] = {b->state.lines,      b->sent,           e[OUTCOME_CONFIRMED],
	                           e[OUTCOME_RETURNED], e[OUTCOME_NACKED], e[OUTCOME_TIMED_OUT],
	                           e[OUTCOME_REJECTED], b->skipped};
	bool json = options_has(&b->s->options, "json");
	FILE *out = b->waiter ? stderr : stdout;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (json)
			fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "{", names[i], counts[i]);
		else
			fprintf(out, "%s%s %" PRIu64, i ? " " : "", names[i], counts[i]);
	}
	fputs(json ? "}\n" : "\n", out);
	fflush(out);
}

static int exit_code(const struct batch *b)
{
	if (b->interrupts > 0)
		return 130;
	if (b->ends[OUTCOME_RETURNED] + b->ends[OUTCOME_REJECTED] + b->told.dead > 0)
		return ERROR_FAILED;
	return b->ends[OUTCOME_NACKED] + b->ends[OUTCOME_TIMED_OUT] > 0 ? ERROR_TRYAGAIN : 0;
}

static void finish(struct batch *b)
{
	progress_clear(&b->progress);
	submit_close(b->submit, b->interrupts > 1 ? 0 : 3000);
	targets_close(b->targets);
	protect_destroy(b->protect);
	waiter_close(b->waiter);
	ends_finish(&b->told);
	batch_packs_finish(&b->packs);
	batch_input_finish(&b->input);
	receipts_finish(&b->receipts);
	job_finish(&b->template);
	free(b->blocked);
	close_fd(&b->signals);
}

static int run(int argc, char **argv)
{
	struct session s;
	struct error err = {0};
	int code;
	if (session_begin(&s, &batch_command, argc, argv, &code))
		return code;
	struct batch b = {.s = &s, .input = {.fd = -1}, .signals = -1};
	batch_packs_init(&b.packs, 1, 0);
	int rc = prepare(&b, &err);
	if (rc == 0) {
		batch_work(&b);
		progress_clear(&b.progress);
		print_summary(&b);
		rc = b.rc;
		err = b.err;
	}
	int own_code = exit_code(&b);
	finish(&b);
	code = session_end(&s, rc, &err);
	return code ? code : own_code;
}

const struct command_spec batch_command = {
    .name = "batch",
    .usage = "batch [TYPE] [FILE]... [options]\n\n"
             "The first word is the TYPE, and lines are the jobs' args, unless it is '-', has a "
             "'/' or ends in\n"
             ".jsonl, .json, .ndjson or .txt: then it is a FILE, and lines are whole job documents",
    .summary = "publish a job per line of JSON, from files or stdin",
    .examples = "  warren-producer batch thumb.make files.jsonl -q img --receipts done.jsonl\n"
                "  warren-producer batch thumb.make files.jsonl -q img --resume done.jsonl\n"
                "  generate-jobs | warren-producer batch --rate 500\n"
                "  warren-producer batch jobs.jsonl -q tiny --pack 100\n",
    .options = options,
    .run = run,
};
