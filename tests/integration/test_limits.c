/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what a handler may use. Each limit of the settings holds in the real worker. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "tests/integration/handling.h"
#include "tests/support/support.h"

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
    {"environment = \"PATH ODD_ONE AMQP_URL\";",
     "env | grep -c '^ODD_' ; env | grep -c '^HOME\\|^AMQP' || :", "1\n0"},
    {"no_new_privileges = true;", "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1"},
    {"private_tmp = true;",
     "echo x >$TMPDIR/file; case $TMPDIR in */warren-job.*) ls -ld $TMPDIR | cut -c1-10;; esac",
     "drwx------"},
};

/* Starts a worker whose only handler runs program under the settings. */
static struct process start_limited(const char *queue, const char *program, const char *settings)
{
	const char *config = support_path("limits.cfg");
	FILE *f = fopen(config, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "handlers = ( { type = \"*\"; run = \"exec:%s\"; %s } );\n", program, settings);
	fclose(f);
	return support_worker(support_url(), "-q", queue, "--config", config);
}

/* Runs script under the settings, and returns what it printed. */
static char *run_under(const char *settings, const char *script, int *code)
{
	cleanup_free char *q = queue_name();
	struct process w = start_limited(q, support_script("limited", script), settings);
	struct result r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q,
	                                   "--wait=20s", "--retries", "1");
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
	struct process w =
	    support_worker(support_url(), "-q", q, "--handler", handler, "--with", "memory=300M");
	struct result r = support_producer(support_url(), NULL, "send", "eats", "1", "-q", q,
	                                   "--backoff", "fixed:100ms");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"reason\":\"crashes\"");
	assert_has(letter, "MemoryError");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_private_folder_is_gone_afterwards)
{
	int code;
	setenv("TMPDIR", support_dir(), 1);
	cleanup_free char *out =
	    run_under("private_tmp = true;",
	              "mkdir -p $TMPDIR/a/b; echo x >$TMPDIR/a/b/c; echo \"$TMPDIR\"", &code);
	ck_assert_int_eq(code, 0);
	out[strcspn(out, "\n")] = 0;
	assert_has(out, "/warren-job.");
	ck_assert_int_lt(access(out, F_OK), 0);
}
END_TEST

START_TEST(another_user_runs_it_when_root_starts_it)
{
	cleanup_free char *q = queue_name();
	/* Nobody may read the folder of the test itself. */
	struct process w =
	    start_limited(q, "/usr/bin/id", "user = \"nobody\"; group = \"nogroup\";");
	if (geteuid() != 0) {
		ck_assert_int_eq(support_wait_exit(&w), 78);
		return;
	}
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	assert_has(r.out, "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)");
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_program_that_the_user_may_not_run_ends_the_worker_before_it_takes_jobs)
{
	if (geteuid() != 0)
		return;
	cleanup_free char *q = queue_name();
	const char *folder = support_path("closed"), *program = support_path("closed/h");
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(symlink("/bin/true", program), 0);
	struct process w = start_limited(q, program, "user = \"nobody\";");
	ck_assert_int_eq(support_wait_exit(&w), 78);
	ck_assert(support_log_has(&w, "user 'nobody' may not run '") &&
	          support_log_has(&w, "Permission denied"));
}
END_TEST

START_TEST(no_network_means_none_or_a_worker_that_says_why_not)
{
	cleanup_free char *q = queue_name();
	const char *script =
	    support_script("net", "tail -n +3 /proc/net/dev | grep -vc ' lo:\\|^ *lo:' || :");
	struct process w = start_limited(q, script, "no_network = true;");
	support_wait(support_log_has(&w, "consuming from") ||
	                 support_log_has(&w, "no_network needs"),
	             "a start or a reason");
	if (support_log_has(&w, "no_network needs")) {
		ck_assert_int_eq(support_wait_exit(&w), 78);
		return;
	}
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
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
		struct process w = start_limited(q, "/bin/true", wrong[i][0]);
		ck_assert_int_eq(support_wait_exit(&w), 78);
		ck_assert(support_log_has(&w, wrong[i][1]) || geteuid() != 0);
	}
}
END_TEST

START_TEST(a_kill_for_want_of_memory_is_told_from_a_crash)
{
	/*
	 * Takes a control group of version 1, where root may make one. Version 2 would look the
	 * same to us.
	 */
	static const char folder[] = "/sys/fs/cgroup/memory/warren-test";
	cleanup_free char *make = xprintf(
	    "mkdir -p %s 2>/dev/null && echo 60000000 >%s/memory.limit_in_bytes", folder, folder);
	if (system(make) != 0) {
		printf("no control group can be made here: the verdict oom was not tried\n");
		return;
	}
	cleanup_free char *q = queue_name();
	cleanup_free char *body = xprintf("echo $$ >%s/cgroup.procs; exec python3 -c 'x = "
	                                  "[]\nwhile True: x.append(b\"x\" * 9999999)'",
	                                  folder);
	struct process w =
	    support_worker(support_url(), "-q", q, "--", support_script("eats", body));
	send_as(q, "t", "1");
	cleanup_free char *letter = dead_letter(q);
	assert_has(letter, "\"verdict\":\"oom\"");
	assert_has(letter, "for want of memory");
	ck_assert_int_eq(support_terminate(&w), 0);
	rmdir(folder);
}
END_TEST

static Suite *limits_suite(void)
{
	Suite *s = suite_create("limits");
	TCase *c = tcase_create("limits");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, a_handler_runs_within_its_limits, 0,
	                    (int)(sizeof limits / sizeof *limits));
	tcase_add_test(c, a_handler_that_eats_memory_meets_its_limit);
	tcase_add_test(c, a_private_folder_is_gone_afterwards);
	tcase_add_test(c, another_user_runs_it_when_root_starts_it);
	tcase_add_test(c, a_program_that_the_user_may_not_run_ends_the_worker_before_it_takes_jobs);
	tcase_add_test(c, no_network_means_none_or_a_worker_that_says_why_not);
	tcase_add_test(c, what_is_not_there_is_named_before_jobs_are_taken);
	tcase_add_test(c, a_kill_for_want_of_memory_is_told_from_a_crash);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(limits_suite());
}
