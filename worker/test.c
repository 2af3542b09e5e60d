/* SPDX-License-Identifier: Apache-2.0 */
/* The command test: runs one job in its handler, here and now, with no broker. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clean.h"
#include "common/base/list.h"
#include "common/job/codec.h"
#include "common/settings/input.h"
#include "common/base/memory.h"
#include "worker/attempt/attempt.h"
#include "worker/command_line.h"
#include "worker/commands.h"
#include "worker/attempt/dispatch.h"
#include "worker/guardian/guardian.h"
#include "worker/loop.h"
#include "worker/guardian/oom.h"

static const struct option_spec options[] = {
    {"handler", 'H', "GLOB=KIND:...",
     "use this handler for types that match GLOB; the first match wins"},
    {"with", 'w', "KEY=VALUE",
     "a setting of the handler before it, or of the command behind --: memory=500M"},
    {"queue", 'q', "NAME", "the queue that the handler is told (default: test)"},
    {"attempt", 0, "N", "the number of the attempt that the handler is told (default 1)"},
    {"timeout", 0, "TIME", "stop the job after this time (default 5m)", .setting = "timeout"},
    {"grace", 0, "TIME", "time between SIGTERM and SIGKILL for a handler (default 10s)",
     .setting = "grace"},
    {"json", 0, NULL, "print a line of JSON"},
    {0},
};

enum { FLUSH_MS = 20 };

struct trial {
	struct worker_settings settings;
	struct options options;
	uv_loop_t loop;
	uv_prepare_t flush;
	uv_timer_t timer;
	struct guardian *guardian;
	struct dispatch *dispatch;
	struct attempt attempt;
	struct job job;
	struct buf document;
	int code;
};

static void print_number(const char *name, int64_t n, const char *unit)
{
	if (n >= 0)
		fprintf(stderr, "%-8s %" PRId64 " %s\n", name, n, unit);
}

static void print_report(const struct trial *t, const struct run_report *r, enum verdict v)
{
	fprintf(stderr, "verdict  %s%s", verdict_name(v), r->error[0] ? ": " : "");
	clean_print(stderr, r->error);
	fputc('\n', stderr);
	print_number("exit", r->exit_code, "");
	print_number("time", r->wall_ms, "ms");
	print_number("cpu", r->cpu_user_ms < 0 ? -1 : r->cpu_user_ms + r->cpu_system_ms, "ms");
	print_number("memory", r->max_rss_kib, "KiB at its peak");
	print_number("again", r->after_ms, "ms later, if it is retried");
	if (r->result.len > 0)
		fwrite(r->result.at, 1, r->result.len, stdout);
	if (r->result_truncated)
		fprintf(stderr, "the result was longer than result_max (%" PRId64 " bytes)\n",
		        t->settings.result_max);
}

static void print_json(const struct run_report *r, enum verdict v)
{
	struct buf out = {0};
	buf_printf(&out, "{\"verdict\":\"%s\",\"error\":", verdict_name(v));
	buf_append_json_string(&out, r->error, strlen(r->error));
	buf_printf(&out,
	           ",\"exit\":%d,\"signal\":%d,\"wall_ms\":%" PRId64 ",\"cpu_user_ms\":%" PRId64
	           ",\"cpu_system_ms\":%" PRId64 ",\"max_rss_kib\":%" PRId64 ",\"result\":",
	           r->exit_code, r->signal, r->wall_ms, r->cpu_user_ms, r->cpu_system_ms,
	           r->max_rss_kib);
	buf_append_json_string(&out, r->result.at ? r->result.at : "", r->result.len);
	buf_append_text(&out, "}");
	puts(out.data);
	buf_finish(&out);
}

static void on_ended(struct attempt *a, enum verdict v, const struct run_report *report)
{
	struct trial *t = list_item(a, struct trial, attempt);
	if (options_has(&t->options, "json"))
		print_json(report, v);
	else
		print_report(t, report, v);
	t->code = v == VERDICT_OK ? 0 : v == VERDICT_UNRUNNABLE ? ERROR_CONFIG : ERROR_FAILED;
	uv_stop(&t->loop);
}

static void on_progress(struct run *run, int percent, struct span note)
{
	(void)run;
	struct buf words = {0};
	clean_append(&words, note.at ? note.at : "", note.len);
	fprintf(stderr, "progress %d %% %s\n", percent, words.data ? words.data : "");
	buf_finish(&words);
}

static void before_poll(uv_prepare_t *flush)
{
	dispatch_flush(((struct trial *)flush->data)->dispatch);
}

static void guardian_gone(void *data)
{
	struct trial *t = data;
	fputs("the guardian process has died\n", stderr);
	t->code = ERROR_BUG;
	uv_stop(&t->loop);
}

static int make_job(struct trial *t, struct error *err)
{
	const struct options *o = &t->options;
	size_t count = o->argument_count - o->after_dashes;
	char id[JOB_UUID_SIZE];
	struct buf text = {0};
	struct span args;
	if (count < 1 || count > 2)
		return error_set(err, ERROR_USAGE,
		                 "test wants a TYPE and at most one JSON value, @FILE or -");
	if (!job_type_valid(span_of(o->arguments[0])))
		return error_set(err, ERROR_USAGE,
		                 "type '%.100s' must be 1 to %d bytes of A-Za-z0-9._-",
		                 o->arguments[0], JOB_TYPE_MAX);
	int rc = input_json(count == 2 ? o->arguments[1] : "null",
	                    (size_t)t->settings.connection.max_body, &text, &args, err);
	if (rc == 0) {
		t->job = (struct job){.id = xstrdup(job_make_uuid7(clock_now_ms(), id)),
		                      .type = xstrdup(o->arguments[0]),
		                      .args = xmemdup(args.at, args.len),
		                      .args_len = args.len,
		                      .created_at_ms = clock_now_ms(),
		                      .not_before_ms = CLOCK_NEVER,
		                      .expires_at_ms = CLOCK_NEVER};
		codec_encode(&t->job, &t->document);
	}
	buf_finish(&text);
	return rc;
}

static int begin(struct trial *t, struct error *err)
{
	uint64_t attempt;
	if (dispatch_open(t->dispatch, &t->loop, t->guardian, &t->settings, err) < 0 ||
	    options_count(&t->options, "attempt", &attempt, err) < 0)
		return -1;
	struct handler *h = dispatch_choose(t->dispatch, t->job.type).handler;
	if (!h)
		return error_set(err, ERROR_CONFIG, "no handler takes the type '%s'", t->job.type);
	const char *queue = options_get(&t->options, "queue");
	t->attempt = (struct attempt){
	    .run = {.request = {.job = &t->job,
	                        .document = {t->document.data, t->document.len},
	                        .queue = queue ? queue : "test",
	                        .attempt = attempt ? (unsigned)attempt : 1,
	                        .max_attempts = retry_default.max_attempts},
	            .progress = on_progress,
	            .handler = h},
	    .timer = &t->timer,
	    .timeout_ms =
	        h->settings->timeout_ms > 0 ? h->settings->timeout_ms : t->settings.timeout_ms,
	    .grace_ms = h->settings->grace_ms >= 0 ? h->settings->grace_ms : t->settings.grace_ms,
	    .ended = on_ended,
	};
	uv_prepare_start(&t->flush, before_poll);
	attempt_start(&t->attempt);
	return 0;
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer; /* the timer only ends the wait for events */
}

/* Long-lived handlers get a moment for their end. The guardian ends those that take longer. */
static void let_retire(struct trial *t)
{
	int64_t until_ms = clock_monotonic_ms() + 2000;
	while (!dispatch_retire(t->dispatch) && clock_monotonic_ms() < until_ms) {
		uv_timer_start(&t->timer, on_tick, FLUSH_MS, 0);
		uv_run(&t->loop, UV_RUN_ONCE);
	}
}

static int try_it(struct trial *t, int guardian_fd, int guardian_pid, struct error *err)
{
	uv_loop_init(&t->loop);
	uv_prepare_init(&t->loop, &t->flush);
	uv_timer_init(&t->loop, &t->timer);
	t->flush.data = t;
	oom_begin();
	t->dispatch = dispatch_create();
	t->guardian = guardian_open(&t->loop, guardian_fd, guardian_pid, guardian_gone, t);
	int rc = begin(t, err);
	if (rc == 0) {
		uv_run(&t->loop, UV_RUN_DEFAULT);
		let_retire(t);
	}
	guardian_stop(t->guardian);
	guardian_wait(t->guardian, GUARDIAN_CLOSE_MS);
	dispatch_stop(t->dispatch);
	uv_close((uv_handle_t *)&t->flush, NULL);
	uv_close((uv_handle_t *)&t->timer, NULL);
	if (!loop_finish(&t->loop, LOOP_FINISH_MS))
		loop_abandon(t->code);
	dispatch_destroy(t->dispatch);
	guardian_destroy(t->guardian);
	return rc;
}

static int run(int argc, char **argv)
{
	struct trial t = {0};
	struct error err = {0};
	int guardian_fd, guardian_pid, code;
	if (options_begin(&worker_schema, &test_command, argc, argv, &t.options, &t.settings,
	                  &code))
		return code;
	if (command_line_handlers(&t.settings, &t.options, &err) < 0 ||
	    command_line_check(&t.settings, &err) < 0 || make_job(&t, &err) < 0 ||
	    guardian_fork(&guardian_fd, &guardian_pid, &err) < 0 ||
	    try_it(&t, guardian_fd, guardian_pid, &err) < 0)
		t.code = options_fail(WORKER_PROGRAM, &test_command, &err);
	job_finish(&t.job);
	buf_finish(&t.document);
	settings_finish(&worker_schema, &t.settings);
	options_finish(&t.options);
	return t.code;
}

const struct command_spec test_command = {
    .name = "test",
    .usage = "test TYPE [JSON|@FILE|-] [--handler 'GLOB=KIND:...']... [-- CMD ARG...]",
    .summary = "run a handler here, with no broker, and tell how it went",
    .examples =
        "  warren-worker test mail.welcome '{\"to\":\"ada@example.org\"}' -- ./send-mail.sh\n"
        "  warren-worker test img.thumb @args.json --handler 'img.*=process:./thumb.py'\n"
        "  warren-worker test sum '[1,2]' --json --handler 'sum=plugin:./sum.so'\n",
    .options = options,
    .run = run,
};
