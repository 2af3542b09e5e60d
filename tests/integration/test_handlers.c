/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of every kind through the real worker, above all those that misbehave. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/support/support.h"

static char *queue_name(void)
{
	return xstrdup(support_queue(support_url()));
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		ck_abort_msg("'%s' is not in: %s", part, text);
}

static char *odd_process(void)
{
	return xprintf("*=process:%s/tests/handlers/odd.py", getenv("WARREN_SOURCE"));
}

static char *odd_plugin(void)
{
	return xprintf("*=plugin:%s", getenv("WARREN_ODD_PLUGIN"));
}

static void send_within(const char *queue, const char *type, const char *args, const char *timeout)
{
	struct result r = support_producer(support_url(), NULL, "send", type, args, "-q", queue, "--backoff",
	                                   "fixed:100ms", "--timeout", timeout);
	ck_assert_msg(r.code == 0, "send: %s", r.err);
	support_result_free(&r);
}

/* An interpreter may take seconds to start on a busy machine. */
static void send_as(const char *queue, const char *type, const char *args)
{
	send_within(queue, type, args, "60s");
}

/* What heeds its deadline has to be there to hear of it. */
static const char *timeout_for(const char *type, const char *reason)
{
	return strcmp(reason, "timeouts") != 0 ? "60s" : strcmp(type, "heeds") == 0 ? "5s" : "1s";
}

static char *dead_letter(const char *queue)
{
	support_wait_depth(support_url(), support_amqp(queue, ".dead"), 1);
	struct result r = support_producer(support_url(), NULL, "dead", "list", "-q", queue, "--json");
	ck_assert_int_eq(r.code, 0);
	free(r.err);
	return r.out;
}

/* A job of that type ends dead for the reason, with words in its black box; another job is done all the same. */
static void expect_dead(const char *handler, const char *type, const char *reason, const char *words)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "-j", "2", "--grace", "1s", "--handler", handler);
	send_within(q, type, "1", timeout_for(type, reason));
	cleanup_free char *letter = dead_letter(q);
	cleanup_free char *wanted = xprintf("\"reason\":\"%s\"", reason);
	assert_has(letter, wanted);
	assert_has(letter, words);
	send_as(q, "fine", "2");
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}

/* A job of that type is done, and the log has the words. */
static void expect_done(const char *handler, const char *type, const char *words)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "-j", "2", "--handler", handler);
	send_as(q, type, "[1,2]");
	support_wait_log(&w, "ok in");
	if (words)
		support_wait_log(&w, words);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}

/* ---- process ---- */

static const struct {
	const char *type, *reason, *words;
} bad_processes[] = {
    {"exits", "crashes", "ended (exit 3) while it held the job"},
    {"segv", "crashes", "killed by SIGSEGV"},
    {"nonsense", "crashes", "a line that is no reply"},
    {"unknown", "crashes", "a reply for a job that it does not hold"},
    {"huge", "crashes", "a reply that is too long"},
    {"closes", "crashes", "it closed its output"},
    {"deaf", "timeouts", "\"verdict\":\"timeout\""},
    {"busy", "timeouts", "\"verdict\":\"timeout\""},
    {"heeds", "timeouts", "gave up: timeout"},
    {"hopeless", "rejected", "no use"},
};

START_TEST(a_process_that_misbehaves_is_the_jobs_end_and_nobody_elses)
{
	cleanup_free char *handler = odd_process();
	expect_dead(handler, bad_processes[_i].type, bad_processes[_i].reason, bad_processes[_i].words);
}
END_TEST

static const struct {
	const char *type, *words;
} good_processes[] = {
    {"fine", "ok in"},   {"prints", "stray "}, {"progress", "ok in"}, {"again", "retry: not yet; again in"},
    {"later", "snooze"}, {"leaves", "ok in"},
};

START_TEST(a_process_does_its_jobs)
{
	cleanup_free char *handler = odd_process();
	setenv("SEEN", support_dir(), 1);
	expect_done(handler, good_processes[_i].type, good_processes[_i].words);
}
END_TEST

START_TEST(a_second_reply_is_a_fault_that_costs_no_job)
{
	cleanup_free char *handler = odd_process();
	expect_done(handler, "twice", "a reply for a job that it does not hold");
}
END_TEST

START_TEST(a_process_that_announces_it_has_several_jobs_at_once_and_replies_in_any_order)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	setenv("READY", "2", 1);
	const char *config = support_path("one-child.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"%s\"; children = 1; } );\n", strchr(handler, '=') + 1);
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "-j", "4", "--config", config, "--count", "3");
	send_as(q, "fine", "1"); /* so that it has announced itself */
	support_wait_log(&w, "ok in");
	send_as(q, "pair", "1");
	send_as(q, "pair", "2"); /* the first one's reply comes after this one's */
	ck_assert_int_eq(support_wait_exit(&w), 0);
	unsetenv("READY");
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

START_TEST(another_jobs_deadline_costs_nothing)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	setenv("READY", "2", 1);
	const char *config = support_path("one-child.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"%s\"; children = 1; } );\n", strchr(handler, '=') + 1);
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "-j", "4", "--grace", "100ms", "--config", config);
	send_as(q, "fine", "1");
	support_wait_log(&w, "ok in");
	struct result r =
	    support_producer(support_url(), NULL, "send", "pair", "1", "-q", q); /* waits for a second one */
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	send_within(q, "deaf", "1", "1s");
	support_wait_log(&w, "returned: its handler process was ended because of another job's deadline");
	unsetenv("READY");
	kill(w.pid, SIGKILL);
	support_wait_exit(&w);
}
END_TEST

START_TEST(a_process_is_replaced_after_so_many_jobs_and_told_to_finish)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	const char *config = support_path("recycle.cfg"), *ended = support_path("ended");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"%s\"; children = 1; recycle_jobs = 3; } );\n",
	        strchr(handler, '=') + 1);
	fclose(f);
	setenv("ENDED", ended, 1);
	struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--config", config, "--count", "7");
	for (int i = 0; i < 7; i++)
		send_as(q, "fine", "1");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	unsetenv("ENDED");
	support_wait_lines(ended, 3); /* after the third, the sixth, and at the end */
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

START_TEST(a_process_that_crashes_and_crashes_is_paused_and_its_queue_rests)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	struct process w = support_worker(support_url(), "-q", q, "-j", "1", "--handler", handler);
	for (int i = 0; i < 2; i++)
		send_as(q, "exits", "1");
	support_wait_log(&w, "crashes again and again: paused for 1 s");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 2);
	send_as(q, "fine", "1");
	support_wait_log(&w, "ok in");
	support_wait_log(&w, "handler '*' works again");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_process_that_cannot_be_started_returns_its_jobs_uncounted)
{
	cleanup_free char *q = queue_name();
	const char *script = support_script("gone.sh", "while read -r l <&3; do :; done");
	cleanup_free char *handler = xprintf("*=process:%s", script);
	struct process w = support_worker(support_url(), "-q", q, "--handler", handler);
	support_wait_log(&w, "consuming from");
	unlink(script);
	send_as(q, "fine", "1");
	support_wait_log(&w, "cannot be started");
	kill(w.pid, SIGTERM);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(two_jobs_of_one_id_never_meet_in_one_process)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	setenv("READY", "8", 1);
	for (int i = 0; i < 6; i++) {
		struct result r = support_producer(support_url(), NULL, "send", "fine", "1", "-q", q, "--id", "same");
		ck_assert_int_eq(r.code, 0);
		support_result_free(&r);
	}
	struct process w = support_worker(support_url(), "-q", q, "-j", "6", "--handler", handler, "--count", "6");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	unsetenv("READY");
	ck_assert(!support_log_has(&w, "is ended"));
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(a_handler_of_four_lines_in_shell_is_enough)
{
	const char *script = support_script("four.sh", "while read -r line <&3; do\n"
	                                               "id=${line#*'\"id\":\"'}; id=${id%%'\"'*}\n"
	                                               "printf '{\"ok\":\"%s\"}\\n' \"$id\" >&4\n"
	                                               "done");
	cleanup_free char *handler = xprintf("*=process:%s", script);
	expect_done(handler, "t", NULL);
}
END_TEST

START_TEST(the_protocol_can_be_on_stdin_and_stdout)
{
	cleanup_free char *q = queue_name();
	const char *script = support_script("stdio.sh", "while read -r line; do\n"
	                                                "id=${line#*'\"id\":\"'}; id=${id%%'\"'*}\n"
	                                                "echo on stderr >&2\n"
	                                                "printf '{\"ok\":\"%s\"}\\n' \"$id\"\n"
	                                                "done");
	const char *config = support_path("stdio.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"process:%s\"; stdio = true; } );\n", script);
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "--config", config, "--once");
	send_as(q, "t", "1");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert(support_log_has(&w, "on stderr") && support_log_has(&w, "ok in"));
}
END_TEST

/* ---- plugin ---- */

static const struct {
	const char *type, *reason, *words;
} bad_plugins[] = {
    {"segv", "crashes", "killed by SIGSEGV"},        {"abort", "crashes", "killed by SIGABRT"},
    {"exits", "crashes", "ended (exit 0)"},          {"hopeless", "rejected", "no \\\"use\\\""},
    {"busy", "timeouts", "\"verdict\":\"timeout\""}, {"heeds", "timeouts", "gave up"},
};

START_TEST(a_plugin_that_misbehaves_is_the_jobs_end_and_nobody_elses)
{
	cleanup_free char *handler = odd_plugin();
	expect_dead(handler, bad_plugins[_i].type, bad_plugins[_i].reason, bad_plugins[_i].words);
}
END_TEST

START_TEST(a_plugin_does_its_jobs)
{
	cleanup_free char *handler = odd_plugin();
	expect_done(handler, "fine", "printed by the plugin");
	expect_done(handler, "again", "retry");
}
END_TEST

START_TEST(a_file_that_is_no_plugin_ends_the_worker_before_it_takes_jobs)
{
	cleanup_free char *q = queue_name();
	const char *const wrong[] = {"*=plugin:/etc/hostname", "*=plugin:/no/such.so"};
	for (int i = 0; i < 2; i++) {
		struct process w = support_worker(support_url(), "-q", q, "--handler", wrong[i]);
		ck_assert_int_eq(support_wait_exit(&w), 78);
		ck_assert(support_log_has(&w, "handler '*': plugin '/"));
	}
}
END_TEST

/* ---- limits ---- */

static const struct {
	const char *settings, *script, *words;
} limits[] = {
    {"memory = \"200M\";", "ulimit -v", "204800"},
    {"cpu = \"7s\";", "ulimit -t", "7"},
    {"files = 33;", "ulimit -n", "33"},
    {"processes = 77;", "ulimit -u || prlimit --nproc -o SOFT --noheadings", "77"},
    {"file_size = \"1M\";", "ulimit -f", "2048"},
    {"umask = \"027\";", "umask", "0027"},
    {"folder = \"/usr/lib\";", "pwd", "/usr/lib"},
    {"environment = \"PATH ODD_ONE AMQP_URL\";", "env | grep -c '^ODD_' ; env | grep -c '^HOME\\|^AMQP' || :", "1\n0"},
    {"no_new_privileges = true;", "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1"},
    {"private_tmp = true;", "echo x >$TMPDIR/file; case $TMPDIR in */warren-job.*) ls -ld $TMPDIR | cut -c1-10;; esac",
     "drwx------"},
};

/* Runs script under the settings, and gives what it printed. */
static char *run_under(const char *settings, const char *script, int *code)
{
	cleanup_free char *q = queue_name();
	const char *config = support_path("limits.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"exec:%s\"; %s } );\n", support_script("limited", script),
	        settings);
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "--config", config);
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s", "--retries", "1");
	*code = r.code;
	free(r.err);
	ck_assert_int_eq(support_terminate(&w), 0);
	return r.out;
}

START_TEST(a_handler_runs_within_its_limits)
{
	int code;
	setenv("ODD_ONE", "1", 1);
	setenv("ODD_TWO", "2", 1);
	cleanup_free char *out = run_under(limits[_i].settings, limits[_i].script, &code);
	ck_assert_int_eq(code, 0);
	assert_has(out, limits[_i].words);
}
END_TEST

START_TEST(a_handler_that_eats_memory_meets_its_limit)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	struct process w = support_worker(support_url(), "-q", q, "--handler", handler, "--with", "memory=300M");
	struct result r =
	    support_producer(support_url(), NULL, "send", "eats", "1", "-q", q, "--backoff", "fixed:100ms");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"reason\":\"crashes\"");
	assert_has(letter, "MemoryError");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_handler_that_is_replaced_on_disk_goes_on)
{
	cleanup_free char *q = queue_name();
	const char *script = support_script("h", "echo old");
	struct process w = support_worker(support_url(), "-q", q, "--", script);
	struct result r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	assert_has(r.out, "old");
	support_result_free(&r);
	support_script("h.new", "echo new");
	ck_assert_int_eq(rename(support_path("h.new"), script), 0);
	r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 0);
	assert_has(r.out, "new");
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/* ---- test and check ---- */

static struct result worker(const char *const *argv)
{
	const char *all[16] = {getenv("WARREN_WORKER")};
	for (size_t i = 0; argv[i]; i++)
		all[i + 1] = argv[i];
	return support_run(support_url(), "", all);
}

static const struct {
	const char *argv[8];
	int code;
	const char *out, *err;
} trials[] = {
    {{"test", "t", "[1]", "--", "/bin/cat"}, 0, "[1]\n", "verdict  ok"},
    {{"test", "t", "--", "/bin/false"}, 1, "", "verdict  retry: exit 1"},
    {{"test", "t", "--timeout", "200ms", "--", "/bin/sleep", "100"}, 1, "", "verdict  timeout"},
    {{"test", "t", "{", "--", "/bin/cat"}, 65, "", "args:1:2: not JSON"},
    {{"test", "t", "--handler", "x=exec:/bin/cat"}, 78, "", "no handler takes the type 't'"},
    {{"test", "t", "--json", "--", "/bin/false"}, 1, "\"verdict\":\"retry\"", ""},
    {{"test"}, 64, "", "no handler"},
    {{"check", "-q", "no-such", "--", "/bin/true"}, 78, "WRONG   queue warren.v1.q.no-such: does not exist", ""},
    {{"check", "--handler", "x=exec:/no/such", "-q", "no-such"}, 78, "WRONG   handler exec:/no/such", ""},
    {{"check", "--url", "amqp://127.0.0.1:1", "--", "/bin/true"}, 69, "WRONG   broker", ""},
};

START_TEST(test_and_check_tell_what_is_so)
{
	struct result r = worker(trials[_i].argv);
	ck_assert_msg(r.code == trials[_i].code, "exit %d: %s%s", r.code, r.out, r.err);
	assert_has(r.out, trials[_i].out);
	assert_has(r.err, trials[_i].err);
	support_result_free(&r);
}
END_TEST

static void api(const char *method, const char *path, const char *body)
{
	cleanup_free char *command = xprintf("curl -sf -H 'content-type: application/json' -X %s -d '%s' '%s/api/%s'",
	                                     method, body, support_mgmt_url(), path);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(check_names_the_permissions_that_are_missing)
{
	cleanup_free char *q = queue_name();
	api("PUT", "users/check-me", "{\"password\":\"check-me\",\"tags\":\"\"}");
	api("PUT", "permissions/%2F/check-me",
	    "{\"configure\":\"^$\",\"write\":\"^warren.v1.(dead|replies|delay.*)$\",\"read\":\"^$\"}");
	cleanup_free char *url = xprintf("amqp://check-me:check-me@%s", strchr(support_url(), '@') + 1);
	struct result r = worker((const char *const[]){"check", "-q", q, "--url", url, "--", "/bin/true", NULL});
	api("DELETE", "users/check-me", "");
	ck_assert_msg(r.code == 77, "exit %d: %s", r.code, r.out);
	assert_has(r.out, "WRONG   may read warren.v1.q.");
	assert_has(r.out, "WRONG   may publish to warren.v1.jobs for warren.v1.q.");
	assert_has(r.out, "ok      may publish to warren.v1.dead");
	support_result_free(&r);
}
END_TEST

START_TEST(check_finds_nothing_wrong_and_takes_no_job)
{
	cleanup_free char *q = queue_name();
	send_as(q, "t", "1");
	struct result r = worker((const char *const[]){"check", "-q", q, "--", "/bin/true", NULL});
	ck_assert_msg(r.code == 0, "%s", r.out);
	assert_has(r.out, "ok      may publish to warren.v1.delay.27");
	assert_has(r.out, "ok      may read warren.v1.q.");
	support_result_free(&r);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	ck_assert_ptr_null(table_get(&m->headers, "x-delivery-count"));
	message_destroy(m);
}
END_TEST

START_TEST(a_private_folder_is_gone_afterwards)
{
	int code;
	setenv("TMPDIR", support_dir(), 1);
	cleanup_free char *out =
	    run_under("private_tmp = true;", "mkdir -p $TMPDIR/a/b; echo x >$TMPDIR/a/b/c; echo \"$TMPDIR\"", &code);
	ck_assert_int_eq(code, 0);
	out[strcspn(out, "\n")] = 0;
	assert_has(out, "/warren-job.");
	ck_assert_int_lt(access(out, F_OK), 0);
}
END_TEST

START_TEST(another_user_runs_it_when_root_starts_it)
{
	int code;
	if (geteuid() != 0) {
		cleanup_free char *q = queue_name();
		const char *config = support_path("user.cfg");
		FILE *f = fopen(config, "we");
		fputs("handlers = ( { type = \"*\"; run = \"exec:/bin/true\"; user = \"nobody\"; } );\n", f);
		fclose(f);
		struct process w = support_worker(support_url(), "-q", q, "--config", config);
		ck_assert_int_eq(support_wait_exit(&w), 78);
		return;
	}
	/* What nobody may read: the folder of the test itself. */
	cleanup_free char *q = queue_name();
	const char *config = support_path("user.cfg");
	FILE *f = fopen(config, "we");
	fputs("handlers = ( { type = \"*\"; run = \"exec:/usr/bin/id\"; user = \"nobody\"; group = \"nogroup\"; } );\n",
	      f);
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "--config", config);
	struct result r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	code = r.code;
	assert_has(r.out, "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)");
	ck_assert_int_eq(code, 0);
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(no_network_means_none_or_a_worker_that_says_why_not)
{
	cleanup_free char *q = queue_name();
	const char *config = support_path("net.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "handlers = ( { type = \"*\"; run = \"exec:%s\"; no_network = true; } );\n",
	        support_script("net", "tail -n +3 /proc/net/dev | grep -vc ' lo:\\|^ *lo:' || :"));
	fclose(f);
	struct process w = support_worker(support_url(), "-q", q, "--config", config);
	support_wait(support_log_has(&w, "consuming from") || support_log_has(&w, "no_network needs"),
	             "a start or a reason");
	if (support_log_has(&w, "no_network needs")) {
		ck_assert_int_eq(support_wait_exit(&w), 78);
		return;
	}
	struct result r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 0);
	ck_assert_str_eq(r.out, "0\n");
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(what_is_not_there_is_named_before_jobs_are_taken)
{
	static const char *const wrong[][2] = {{"user = \"no-such-user\";", "no-such-user"},
	                                       {"folder = \"/no/such\";", "/no/such"},
	                                       {"group = \"no-such-group\";", "no-such-group"}};
	cleanup_free char *q = queue_name();
	for (int i = 0; i < 3; i++) {
		const char *config = support_path("wrong.cfg");
		FILE *f = fopen(config, "we");
		fprintf(f, "handlers = ( { type = \"*\"; run = \"exec:/bin/true\"; %s } );\n", wrong[i][0]);
		fclose(f);
		struct process w = support_worker(support_url(), "-q", q, "--config", config);
		ck_assert_int_eq(support_wait_exit(&w), 78);
		ck_assert(support_log_has(&w, wrong[i][1]) || geteuid() != 0);
	}
}
END_TEST

START_TEST(a_kill_for_want_of_memory_is_told_from_a_crash)
{
	/* A control group of version 1, where root may make one: what version 2 would do is the same to us. */
	static const char folder[] = "/sys/fs/cgroup/memory/warren-test";
	cleanup_free char *make =
	    xprintf("mkdir -p %s 2>/dev/null && echo 60000000 >%s/memory.limit_in_bytes", folder, folder);
	if (system(make) != 0) {
		printf("no control group can be made here: the verdict oom was not tried\n");
		return;
	}
	cleanup_free char *q = queue_name();
	cleanup_free char *body = xprintf(
	    "echo $$ >%s/cgroup.procs; exec python3 -c 'x = []\nwhile True: x.append(b\"x\" * 9999999)'", folder);
	struct process w = support_worker(support_url(), "-q", q, "--", support_script("eats", body));
	send_as(q, "t", "1");
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"verdict\":\"oom\"");
	assert_has(letter, "for want of memory");
	ck_assert_int_eq(support_terminate(&w), 0);
	rmdir(folder);
}
END_TEST

/* ---- waiting ---- */

START_TEST(who_waits_gets_result_log_and_verdict)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(
	    support_url(), "-q", q, "--",
	    support_script("h", "read -r n; echo \"working on $n\" >&2\n"
	                        "case $n in 1) echo '{\"sum\": 1}';; 2) exit 65;; 3) printf '\\001\\377';;\n"
	                        "4) [ $JOB_ATTEMPT -gt 1 ] || exit 75; echo 4;; esac"));
	struct result r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 0);
	ck_assert_str_eq(r.out, "{\"sum\":1}\n");
	assert_has(r.err, "working on 1\n");
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "send", "t", "2", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 1);
	assert_has(r.err, "dead (rejected): exit 65: working on 2");
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "send", "t", "3", "-q", q, "--wait");
	ck_assert_int_eq(r.code, 0);
	ck_assert_str_eq(r.out, "\001\377");
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "send", "t", "4", "-q", q, "--wait=20s", "--backoff", "fixed:100ms");
	ck_assert_int_eq(r.code, 0);
	assert_has(r.err, "retry, again in ");
	ck_assert_str_eq(r.out, "4\n");
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_batch_that_waits_prints_a_line_for_each_end)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "-j", "4", "--",
	                                  support_script("h", "read -r n; [ $n != 7 ] || exit 65; echo $n"));
	struct result r = support_producer(support_url(), "1\n2\n3\n4\n5\n6\n7\n8\n", "batch", "t", "-q", q, "--wait");
	ck_assert_int_eq(r.code, 1);
	assert_has(r.err, "confirmed 8");
	assert_has(r.out, "\"reason\":\"rejected\"");
	assert_has(r.out, "\"result\":8");
	assert_has(r.out, "\"correlation_id\":\"8\"");
	size_t lines = 0;
	for (const char *c = r.out; *c; c++)
		lines += *c == '\n';
	ck_assert_uint_eq(lines, 8);
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(who_waits_too_long_is_told_and_the_job_goes_on)
{
	cleanup_free char *q = queue_name();
	struct result r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=300ms");
	ck_assert_int_eq(r.code, 124);
	assert_has(r.err, "no result within the time; the job ");
	support_result_free(&r);
	/* Nobody waits any more: the worker runs it all the same, and loses nothing. */
	struct process w = support_worker(support_url(), "-q", q, "--once", "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), "warren.v1.unroutable"), 0);
}
END_TEST

START_TEST(who_waits_and_loses_the_connection_is_told_the_id)
{
	cleanup_free char *q = queue_name();
	const char *argv[] = {getenv("WARREN_PRODUCER"), "send", "t", "1", "-q", q, "--id", "lost-one", "--wait", NULL};
	struct process p = support_start(support_url(), argv);
	support_wait_depth(support_url(), support_amqp(q, ""), 1);
	/* The management API shows a connection a few seconds after it was made. */
	cleanup_free char *pid = xprintf(":%d", (int)p.pid);
	support_wait(support_close_connections(support_mgmt_url(), pid) > 0, "a connection to close");
	ck_assert_int_eq(support_wait_exit(&p), 75);
	support_wait_log(&p, "lost-one: the connection was lost while waiting");
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 1);
}
END_TEST

START_TEST(progress_of_a_process_reaches_who_waits)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = odd_process();
	struct process w = support_worker(support_url(), "-q", q, "--handler", handler);
	struct result r = support_producer(support_url(), NULL, "send", "progress", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 0);
	assert_has(r.err, " % on the way");
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/* ---- http ---- */

static struct process start_server(const char *port_file, const char *cert, const char *key)
{
	cleanup_free char *program = xprintf("%s/tests/handlers/odd_server.py", getenv("WARREN_SOURCE"));
	struct process p =
	    support_start("", (const char *const[]){"/usr/bin/python3", program, port_file, cert, key, NULL});
	support_wait_lines(port_file, 1);
	return p;
}

static int port_of(const char *port_file)
{
	int port = 0;
	FILE *f = fopen(port_file, "re");
	ck_assert(f && fscanf(f, "%d", &port) == 1);
	fclose(f);
	return port;
}

static const struct {
	const char *path, *reason, *words;
} bad_answers[] = {
    {"/status/400", "rejected", "HTTP 400: what the service says"},
    {"/status/410", "rejected", "HTTP 410"},
    {"/status/422", "rejected", "HTTP 422"},
    {"/status/404", "failures", "HTTP 404"},
    {"/status/500", "failures", "HTTP 500: what the service says"},
    {"/redirect", "failures", "HTTP 302 (redirects are not followed)"},
    {"/reset", "failures", "http://127.0.0.1"},
    {"/nonsense", "failures", "HTTP/0.9"},
    {"/silent", "timeouts", "no answer until it was stopped (timeout)"},
    {"/slow", "timeouts", "no answer until it was stopped (timeout)"},
};

START_TEST(a_service_that_answers_badly_is_the_jobs_end_and_nobody_elses)
{
	const char *port_file = support_path("port");
	struct process server = start_server(port_file, NULL, NULL);
	cleanup_free char *q = queue_name();
	cleanup_free char *bad = xprintf("bad=http://127.0.0.1:%d%s", port_of(port_file), bad_answers[_i].path);
	cleanup_free char *fine = xprintf("fine=http://127.0.0.1:%d/echo", port_of(port_file));
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "2", "--grace", "100ms", "--handler", bad, "--handler", fine);
	send_within(q, "bad", "1", timeout_for("bad", bad_answers[_i].reason));
	cleanup_free char *letter = dead_letter(q);
	cleanup_free char *wanted = xprintf("\"reason\":\"%s\"", bad_answers[_i].reason);
	assert_has(letter, wanted);
	assert_has(letter, bad_answers[_i].words);
	send_as(q, "fine", "2");
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	support_terminate(&server);
}
END_TEST

START_TEST(a_service_gets_args_and_headers_and_its_retry_after_is_kept)
{
	const char *port_file = support_path("port");
	struct process server = start_server(port_file, NULL, NULL);
	cleanup_free char *q = queue_name();
	cleanup_free char *fine = xprintf("fine=http://127.0.0.1:%d/echo", port_of(port_file));
	cleanup_free char *later = xprintf("later=http://127.0.0.1:%d/status/503/after", port_of(port_file));
	struct process w = support_worker(support_url(), "-q", q, "--handler", fine, "--handler", later);
	struct result r = support_producer(support_url(), NULL, "send", "fine", "[1]", "-q", q, "-H",
	                                   "bad=x\r\nInjected: yes", "-H", "tenant=a");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	support_wait_log(&w, "ok in");
	send_as(q, "later", "1");
	support_wait_log(&w, "retry: HTTP 503: what the service says; again in 1s");
	ck_assert_int_eq(support_terminate(&w), 0);
	support_terminate(&server);
}
END_TEST

START_TEST(a_service_that_answers_without_end_is_cut_and_done)
{
	const char *port_file = support_path("port");
	struct process server = start_server(port_file, NULL, NULL);
	cleanup_free char *handler = xprintf("*=http://127.0.0.1:%d/endless", port_of(port_file));
	expect_done(handler, "t", NULL);
	support_terminate(&server);
}
END_TEST

START_TEST(a_service_behind_a_unix_socket_is_reached)
{
	const char *port_file = support_path("port"), *path = support_path("s.sock");
	struct process server = start_server(port_file, path, NULL);
	cleanup_free char *handler = xprintf("*=http+unix://%s:/echo", path);
	expect_done(handler, "t", NULL);
	support_terminate(&server);
}
END_TEST

START_TEST(a_service_that_is_down_returns_jobs_uncounted_until_it_is_back)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "--handler", "*=http://127.0.0.1:1/x");
	send_as(q, "t", "1");
	support_wait_log(&w, "cannot be started: http://127.0.0.1:1/x: ");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(a_service_with_a_certificate_that_nobody_vouches_for_gets_no_job)
{
	const char *port_file = support_path("port"), *key = support_path("key.pem"), *cert = support_path("cert.pem");
	cleanup_free char *command = xprintf("openssl req -x509 -newkey rsa:2048 -nodes -keyout '%s' -out '%s' -days 1 "
	                                     "-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null",
	                                     key, cert);
	ck_assert_int_eq(system(command), 0);
	struct process server = start_server(port_file, cert, key);
	cleanup_free char *q = queue_name();
	cleanup_free char *handler = xprintf("*=https://localhost:%d/echo", port_of(port_file));
	struct process w = support_worker(support_url(), "-q", q, "--handler", handler);
	send_as(q, "t", "1");
	support_wait_log(&w, "certificate");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
	support_terminate(&server);
}
END_TEST

static Suite *handlers_suite(void)
{
	Suite *s = suite_create("handlers");
	TCase *c = tcase_create("process");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_process_that_misbehaves_is_the_jobs_end_and_nobody_elses, 0,
	                    (int)(sizeof bad_processes / sizeof *bad_processes));
	tcase_add_loop_test(c, a_process_does_its_jobs, 0, (int)(sizeof good_processes / sizeof *good_processes));
	tcase_add_test(c, a_second_reply_is_a_fault_that_costs_no_job);
	tcase_add_test(c, a_process_that_announces_it_has_several_jobs_at_once_and_replies_in_any_order);
	tcase_add_test(c, another_jobs_deadline_costs_nothing);
	tcase_add_test(c, a_process_is_replaced_after_so_many_jobs_and_told_to_finish);
	tcase_add_test(c, a_process_that_crashes_and_crashes_is_paused_and_its_queue_rests);
	tcase_add_test(c, a_process_that_cannot_be_started_returns_its_jobs_uncounted);
	tcase_add_test(c, two_jobs_of_one_id_never_meet_in_one_process);
	tcase_add_test(c, a_handler_of_four_lines_in_shell_is_enough);
	tcase_add_test(c, the_protocol_can_be_on_stdin_and_stdout);
	suite_add_tcase(s, c);
	c = tcase_create("plugin");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_plugin_that_misbehaves_is_the_jobs_end_and_nobody_elses, 0,
	                    (int)(sizeof bad_plugins / sizeof *bad_plugins));
	tcase_add_test(c, a_plugin_does_its_jobs);
	tcase_add_test(c, a_file_that_is_no_plugin_ends_the_worker_before_it_takes_jobs);
	suite_add_tcase(s, c);
	c = tcase_create("limits");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_handler_runs_within_its_limits, 0, (int)(sizeof limits / sizeof *limits));
	tcase_add_test(c, a_handler_that_eats_memory_meets_its_limit);
	tcase_add_test(c, a_handler_that_is_replaced_on_disk_goes_on);
	tcase_add_loop_test(c, test_and_check_tell_what_is_so, 0, (int)(sizeof trials / sizeof *trials));
	tcase_add_test(c, check_names_the_permissions_that_are_missing);
	tcase_add_test(c, check_finds_nothing_wrong_and_takes_no_job);
	tcase_add_test(c, a_private_folder_is_gone_afterwards);
	tcase_add_test(c, another_user_runs_it_when_root_starts_it);
	tcase_add_test(c, no_network_means_none_or_a_worker_that_says_why_not);
	tcase_add_test(c, what_is_not_there_is_named_before_jobs_are_taken);
	tcase_add_test(c, a_kill_for_want_of_memory_is_told_from_a_crash);
	suite_add_tcase(s, c);
	c = tcase_create("wait");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, who_waits_gets_result_log_and_verdict);
	tcase_add_test(c, a_batch_that_waits_prints_a_line_for_each_end);
	tcase_add_test(c, who_waits_too_long_is_told_and_the_job_goes_on);
	tcase_add_test(c, who_waits_and_loses_the_connection_is_told_the_id);
	tcase_add_test(c, progress_of_a_process_reaches_who_waits);
	suite_add_tcase(s, c);
	c = tcase_create("http");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_service_that_answers_badly_is_the_jobs_end_and_nobody_elses, 0,
	                    (int)(sizeof bad_answers / sizeof *bad_answers));
	tcase_add_test(c, a_service_gets_args_and_headers_and_its_retry_after_is_kept);
	tcase_add_test(c, a_service_that_answers_without_end_is_cut_and_done);
	tcase_add_test(c, a_service_behind_a_unix_socket_is_reached);
	tcase_add_test(c, a_service_that_is_down_returns_jobs_uncounted_until_it_is_back);
	tcase_add_test(c, a_service_with_a_certificate_that_nobody_vouches_for_gets_no_job);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(handlers_suite());
}
