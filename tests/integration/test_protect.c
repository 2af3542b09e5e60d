/* SPDX-License-Identifier: Apache-2.0 */
/* Tests signed and sealed jobs through the real programs and a real broker. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/job/headers.h"
#include "common/base/memory.h"
#include "tests/support/support.h"

#define SECRET "xylophone-4711"
#define ARGS "{\"to\": \"" SECRET "\", \"n\": 1e2}"

static char *queue_name(void)
{
	return xstrdup(support_queue(support_url()));
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		ck_abort_msg("'%s' is not in: %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (text && strstr(text, part))
		ck_abort_msg("'%s' is in: %s", part, text);
}

/* Makes a pair of keys in the test's folder, NAME and NAME.pub. kind is "sign" or "seal". */
static const char *new_keys(const char *kind, const char *name)
{
	const char *path = support_path(name);
	struct result r = support_producer(support_url(), NULL, "keys", kind, path);
	ck_assert_msg(r.code == 0, "keys: %s", r.err);
	support_result_free(&r);
	return path;
}

static const char *public_of(const char *path)
{
	static char text[2][300];
	static unsigned next;
	char *out = text[next++ % 2];
	snprintf(out, sizeof text[0], "%s.pub", path);
	return out;
}

static void shell(const char *command)
{
	struct result r = support_run(support_url(), NULL,
	                              (const char *const[]){"/bin/sh", "-ec", command, NULL});
	ck_assert_msg(r.code == 0, "%s: %s", command, r.err);
	support_result_free(&r);
}

static void send_with(const char *queue, const char *sign_with, const char *seal_to)
{
	static const char args[] = ARGS;
	const char *argv[16] = {getenv("WARREN_PRODUCER"),
	                        "send",
	                        "mail.welcome",
	                        args,
	                        "-q",
	                        queue,
	                        "--backoff",
	                        "fixed:100ms"};
	size_t n = 8;
	if (sign_with) {
		argv[n++] = "--sign-with";
		argv[n++] = sign_with;
	}
	if (seal_to) {
		argv[n++] = "--seal-to";
		argv[n++] = seal_to;
	}
	struct result r = support_run(support_url(), NULL, argv);
	ck_assert_msg(r.code == 0, "send: %s", r.err);
	support_result_free(&r);
}

/* Returns the letter of the queue with that reason, as JSON. The letter stays where it is. */
static char *dead_letter(const char *queue, const char *reason)
{
	support_wait_depth(support_url(), support_amqp(queue, ".dead"), 1);
	struct result r =
	    support_producer(support_url(), NULL, "dead", "list", "-q", queue, "--json");
	cleanup_free char *wanted = xprintf("\"reason\":\"%s\"", reason);
	assert_has(r.out, wanted);
	free(r.err);
	return r.out;
}

static void publish_again(const struct message *m, const char *queue)
{
	support_publish(support_url(), "warren.v1.jobs", support_amqp(queue, ""), m);
}

/* ---- signed ---- */

START_TEST(a_signed_job_runs_and_an_unsigned_one_is_dead)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("sign", "k"), *record = support_path("record");
	cleanup_free char *body = xprintf("cat >>'%s'", record);
	struct process w = support_worker(support_url(), "-q", q, "--signed-by", public_of(key),
	                                  "--", support_script("h", body));
	send_with(q, key, NULL);
	support_wait_log(&w, "ok in");
	support_wait_lines(record, 1);
	send_with(q, NULL, NULL);
	cleanup_free char *letter = dead_letter(q, "unsigned");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 1);
}
END_TEST

static void alter_body(struct message *m)
{
	char *at = strstr(m->body, "1e2");
	ck_assert_ptr_nonnull(at);
	at[0] = '2';
}

static void cut_signature(struct message *m)
{
	table_set_string(&m->headers, "warren-sig", "AAAA");
}

static void drop_kid(struct message *m)
{
	table_remove(&m->headers, "warren-kid");
}

static void drop_signature(struct message *m)
{
	table_remove(&m->headers, "warren-kid");
	table_remove(&m->headers, "warren-sig");
}

static void number_for_signature(struct message *m)
{
	table_set_int(&m->headers, "warren-sig", 5);
}

static void leave(struct message *m)
{
	(void)m;
}

static const struct {
	void (*alter)(struct message *m);
	bool other_queue;
	const char *reason;
} forgeries[] = {
    {alter_body, false, "bad_signature"}, {cut_signature, false, "bad_signature"},
    {drop_kid, false, "bad_signature"},   {number_for_signature, false, "bad_signature"},
    {drop_signature, false, "unsigned"},  {leave, true, "bad_signature"},
};

START_TEST(what_somebody_did_to_a_signed_job_in_the_broker_is_refused)
{
	cleanup_free char *q = queue_name(), *other = queue_name();
	const char *key = new_keys("sign", "k"), *record = support_path("record");
	cleanup_free char *body = xprintf("echo ran >>'%s'", record);
	send_with(q, key, NULL);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	forgeries[_i].alter(m);
	const char *to = forgeries[_i].other_queue ? other : q;
	publish_again(m, to);
	struct process w = support_worker(support_url(), "-q", q, "-q", other, "--signed-by",
	                                  public_of(key), "--", support_script("h", body));
	cleanup_free char *letter = dead_letter(to, forgeries[_i].reason);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 0);
	message_destroy(m);
}
END_TEST

START_TEST(a_signature_survives_retry_death_and_replay)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("sign", "k"), *mended = support_path("mended");
	cleanup_free char *body =
	    xprintf("[ -e '%s' ] && exit 0; [ $JOB_ATTEMPT -lt 3 ] && exit 75; exit 65", mended);
	struct process w = support_worker(support_url(), "-q", q, "--signed-by", public_of(key),
	                                  "--", support_script("h", body));
	send_with(q, key, NULL);
	cleanup_free char *letter = dead_letter(q, "rejected");
	assert_has(letter, "\"tries\":3");
	assert_has(letter, "\"signed_by\":\"k\"");
	cleanup_free char *touch = xprintf("touch '%s'", mended);
	shell(touch);
	struct result r = support_producer(support_url(), NULL, "dead", "replay", "-q", q);
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

START_TEST(while_keys_change_jobs_of_both_run_and_a_key_that_is_missing_may_still_come)
{
	cleanup_free char *q = queue_name();
	const char *old = new_keys("sign", "old.key"), *new = new_keys("sign", "new.key"),
	           *ring = support_path("ring");
	const char *record = support_path("record");
	cleanup_free char *body = xprintf("cat >>'%s'", record);
	cleanup_free char *first = xprintf("cp '%s.pub' '%s'", old, ring);
	cleanup_free char *then = xprintf("cat '%s.pub' >>'%s'", new, ring);
	cleanup_free char *broken = xprintf("echo nonsense >'%s'", ring);
	shell(first);
	struct process w = support_worker(support_url(), "-q", q, "--signed-by", ring, "--",
	                                  support_script("h", body));
	send_with(q, old, NULL);
	support_wait_lines(record, 1);
	send_with(q, new, NULL);
	support_wait_log(&w, "not run now (no key 'new' in signed_by of this worker)");
	shell(broken);
	kill(w.pid, SIGHUP);
	support_wait_log(&w, "keeps its old keys");
	support_wait_log(
	    &w, "SIGHUP: log opened anew; timeout"); /* it does not say that keys were read */
	shell(first);
	shell(then);
	kill(w.pid, SIGHUP);
	support_wait_lines(record, 2);
	send_with(q, old, NULL);
	support_wait_lines(record, 3);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, ".dead")), 0);
}
END_TEST

/* This is the eleventh arrival, without the minutes between them. */
START_TEST(a_job_of_a_key_that_never_comes_is_dead_and_a_replay_runs_it_once_the_key_is_there)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("sign", "k"), *other = new_keys("sign", "other");
	send_with(q, key, NULL);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	table_set_int(&m->headers, "warren-keyless", 10);
	publish_again(m, q);
	message_destroy(m);
	struct process w = support_worker(support_url(), "-q", q, "--signed-by", public_of(other),
	                                  "--", "/bin/true");
	cleanup_free char *letter = dead_letter(q, "unknown_key");
	assert_has(letter, "no key 'k' in signed_by of this worker");
	ck_assert_int_eq(support_terminate(&w), 0);
	struct result r = support_producer(support_url(), NULL, "dead", "replay", "-q", q);
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	w = support_worker(support_url(), "-q", q, "--signed-by", public_of(key), "--once", "--",
	                   "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert(support_log_has(&w, "ok in"));
}
END_TEST

START_TEST(unsigned_jobs_run_while_producers_change_over_and_bad_ones_do_not)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("sign", "k"), *config = support_path("worker.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f, "queues = ( { name = \"%s\"; signed_by = \"%s\"; require_signed = false; } );\n",
	        q, public_of(key));
	fclose(f);
	send_with(q, key, NULL);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	alter_body(m);
	publish_again(m, q);
	message_destroy(m);
	send_with(q, NULL, NULL);
	struct process w = support_worker(support_url(), "--config", config, "--", "/bin/true");
	cleanup_free char *letter = dead_letter(q, "bad_signature");
	support_wait_log(&w, "ok in");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/* The stranger signs as docs/message-format.md describes it, with openssl alone and no app_id. */
START_TEST(a_stranger_can_sign)
{
	static const char text[] = "{\"type\":\"t\",\"id\":\"s-1\",\"args\":[1]}";
	cleanup_free char *q = queue_name();
	const char *pem = support_path("s.pem"), *ring = support_path("ring"),
	           *sig = support_path("sig");
	cleanup_free char *command =
	    xprintf("openssl genpkey -algorithm ed25519 -out '%s'; "
	            "echo \"stranger sign-public $(openssl pkey -in '%s' -pubout -outform DER | "
	            "tail -c 32 | base64)\" >'%s'; "
	            "printf 'warren signed job 1\\n%%s\\n%%s' warren.v1.q.%s '%s' >'%s.in'; "
	            "openssl pkeyutl -sign -rawin -inkey '%s' -in '%s.in' | base64 -w 0 >'%s'",
	            pem, pem, ring, q, text, sig, pem, sig, sig);
	shell(command);
	char signature[200] = "";
	FILE *f = fopen(sig, "re");
	ck_assert_ptr_nonnull(fgets(signature, sizeof signature, f));
	fclose(f);
	struct message *m = message_create();
	message_set_body(m, text, strlen(text));
	headers_set_signature(&m->headers, "stranger", signature);
	publish_again(m, q);
	message_destroy(m);
	struct process w = support_worker(support_url(), "-q", q, "--signed-by", ring, "--once",
	                                  "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert(support_log_has(&w, "ok in"));
}
END_TEST

/* ---- sealed ---- */

static void assert_no_secret(const struct message *m)
{
	assert_lacks(m->body, SECRET);
	assert_has(m->body, "\"sealed\":{\"kid\":");
	for (size_t i = 0; i < m->headers.count; i++)
		assert_lacks(table_get_text(&m->headers, m->headers.entries[i].name), SECRET);
}

START_TEST(sealed_args_reach_the_handler_and_never_what_the_broker_holds)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("seal", "k"), *record = support_path("record");
	cleanup_free char *body = xprintf(
	    "cat >>'%s'; cat '%s' >&2; [ $JOB_ATTEMPT -lt 2 ] && exit 75; exit 65", record, record);
	send_with(q, NULL, public_of(key));
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	assert_no_secret(m);
	publish_again(m, q);
	struct process w = support_worker(support_url(), "-q", q, "--open-with", key, "--",
	                                  support_script("h", body));
	support_wait_lines(record, 2);
	cleanup_free char *letter = dead_letter(q, "rejected");
	assert_has(letter, "\"sealed_to\":\"k\"");
	assert_has(letter, "its args are sealed");
	struct message *dead = support_take(support_url(), support_amqp(q, ".dead"));
	assert_no_secret(dead);
	ck_assert_ptr_nonnull(table_get_text(&dead->headers, "warren-box"));
	ck_assert_str_eq(dead->body, m->body);
	message_destroy(m);
	message_destroy(dead);
	ck_assert_int_eq(support_terminate(&w), 0);
	FILE *f = fopen(record, "re");
	char line[200];
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	fclose(f);
	ck_assert_str_eq(line, ARGS "\n");
}
END_TEST

START_TEST(a_job_that_is_not_sealed_or_was_moved_is_refused)
{
	cleanup_free char *q = queue_name(), *other = queue_name(), *third = queue_name();
	const char *key = new_keys("seal", "k");
	send_with(q, NULL, public_of(key));
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	publish_again(m, other); /* another queue */
	char *type = strstr(m->body, "mail.welcome");
	for (const char *from = "mail.forward"; *from; from++)
		*type++ = *from;
	publish_again(m, third); /* another type, and another queue */
	message_destroy(m);
	send_with(q, NULL, NULL);
	struct process w = support_worker(support_url(), "-q", q, "-q", other, "-q", third,
	                                  "--open-with", key, "--", "/bin/true");
	free(dead_letter(q, "not_sealed"));
	free(dead_letter(other, "unsealable"));
	free(dead_letter(third, "unsealable"));
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert(!support_log_has(&w, "ok in"));
}
END_TEST

START_TEST(a_worker_without_the_key_lets_another_one_run_it)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("seal", "k"), *other = new_keys("seal", "other");
	send_with(q, NULL, public_of(key));
	struct process none = support_worker(support_url(), "-q", q, "--", "/bin/true");
	support_wait_log(&none, "not run now (its args are sealed to key 'k', which is not in "
	                        "open_with of this worker)");
	ck_assert_int_eq(support_terminate(&none), 0);
	struct process wrong =
	    support_worker(support_url(), "-q", q, "--open-with", other, "--", "/bin/true");
	support_wait_log(&wrong, "not run now (its args are sealed to key 'k'");
	ck_assert_int_eq(support_terminate(&wrong), 0);
	struct process w =
	    support_worker(support_url(), "-q", q, "--open-with", key, "--once", "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert(support_log_has(&w, "ok in"));
}
END_TEST

static char *handler_of_kind(int kind, const char *port_file)
{
	int port = 0;
	FILE *f;
	switch (kind) {
	case 0:
		return xstrdup("*=exec:/bin/cat");
	case 1:
		return xprintf("*=process:%s/tests/handlers/odd.py", getenv("WARREN_SOURCE"));
	case 2:
		return xprintf("*=plugin:%s", getenv("WARREN_ODD_PLUGIN"));
	default:
		f = fopen(port_file, "re");
		ck_assert(f && fscanf(f, "%d", &port) == 1);
		fclose(f);
		return xprintf("*=http://127.0.0.1:%d/echo", port);
	}
}

START_TEST(every_kind_of_handler_sees_the_args_in_the_clear)
{
	cleanup_free char *q = queue_name();
	const char *sign = new_keys("sign", "s"), *seal = new_keys("seal", "k"),
	           *port_file = support_path("port");
	cleanup_free char *program =
	    xprintf("%s/tests/handlers/odd_server.py", getenv("WARREN_SOURCE"));
	struct process server = {0};
	if (_i == 3) {
		server = support_start(
		    "", (const char *const[]){"/usr/bin/python3", program, port_file, NULL});
		support_wait_lines(port_file, 1);
	}
	cleanup_free char *handler = handler_of_kind(_i, port_file);
	struct process w = support_worker(support_url(), "-q", q, "--signed-by", public_of(sign),
	                                  "--open-with", seal, "--handler", handler);
	static const char args[] = "[\"" SECRET "\",1]";
	struct result r =
	    support_producer(support_url(), NULL, "send", "prints", args, "-q", q, "--sign-with",
	                     sign, "--seal-to", public_of(seal), "--wait=30s");
	ck_assert_msg(r.code == 0, "%s", r.err);
	assert_has(r.out, SECRET);
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert(!support_log_has(&w, SECRET));
	if (_i == 3)
		support_terminate(&server);
}
END_TEST

START_TEST(batch_signs_and_seals_by_the_settings_of_each_queue)
{
	cleanup_free char *open = queue_name(), *closed = queue_name();
	const char *sign = new_keys("sign", "s"), *seal = new_keys("seal", "k"),
	           *config = support_path("producer.cfg");
	FILE *f = fopen(config, "we");
	fprintf(f,
	        "queues = ( { name = \"%s\"; sign_with = \"%s\"; seal_to = \"%s\"; } );\n"
	        "routes = ( { type = \"closed\"; queue = \"%s\"; }, { type = \"*\"; queue = "
	        "\"%s\"; } );\n",
	        closed, sign, public_of(seal), closed, open);
	fclose(f);
	struct result r =
	    support_producer(support_url(),
	                     "{\"type\":\"closed\",\"x-tag\": 1.0,\"args\":\"" SECRET "\"}\n"
	                     "{\"type\":\"open\",\"args\":\"" SECRET "\"}\n",
	                     "batch", "--config", config);
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	struct message *m = support_take(support_url(), support_amqp(closed, ""));
	assert_no_secret(m);
	assert_has(m->body, "\"x-tag\":1.0");
	ck_assert_str_eq(headers_signature(m).kid, "s");
	publish_again(m, closed);
	message_destroy(m);
	m = support_take(support_url(), support_amqp(open, ""));
	assert_has(m->body, "\"args\":\"" SECRET "\"");
	ck_assert(!headers_signature(m).present);
	message_destroy(m);
	struct process w =
	    support_worker(support_url(), "-q", closed, "--signed-by", public_of(sign),
	                   "--open-with", seal, "--once", "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	ck_assert(support_log_has(&w, "ok in"));
}
END_TEST

START_TEST(the_brokers_disk_holds_what_is_not_sealed_and_nothing_of_what_is)
{
	struct node n;
	support_node_start(&n);
	cleanup_free char *q = xstrdup(support_queue(n.url));
	const char *seal = new_keys("seal", "k");
	static const char args[] = "\"" SECRET "\"";
	struct result r =
	    support_producer(n.url, NULL, "send", "t", args, "-q", q, "--seal-to", public_of(seal));
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	r = support_producer(n.url, NULL, "send", "t", "\"control-sample\"", "-q", q);
	ck_assert_int_eq(r.code, 0);
	support_result_free(&r);
	support_node_stop(&n); /* so that all of it is on the disk */
	cleanup_free char *look =
	    xprintf("grep -rqaF control-sample '%s' && ! grep -rqaF " SECRET " '%s'", n.dir, n.dir);
	shell(look);
}
END_TEST

/* ---- keys ---- */

START_TEST(keys_are_made_once_and_a_key_file_that_others_can_read_stops_everything)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("sign", "k");
	struct stat st;
	ck_assert(stat(key, &st) == 0 && (st.st_mode & 07777) == 0600);
	struct result r = support_producer(support_url(), NULL, "keys", "sign", key);
	ck_assert_int_eq(r.code, 64);
	assert_has(r.err, "never overwritten");
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "keys", "public", key);
	assert_has(r.out, "k sign-public ");
	support_result_free(&r);
	chmod(key, 0644);
	r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--sign-with", key);
	ck_assert_int_eq(r.code, 78);
	assert_has(r.err, "is open to others; run: chmod 600");
	support_result_free(&r);
	r = support_producer(support_url(), "1\n", "batch", "t", "-q", q, "--sign-with", key);
	ck_assert_int_eq(r.code, 78);
	support_result_free(&r);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
	const char *opener = new_keys("seal", "o");
	chmod(opener, 0604);
	struct process w =
	    support_worker(support_url(), "-q", q, "--open-with", opener, "--", "/bin/true");
	ck_assert_int_eq(support_wait_exit(&w), 78);
	ck_assert(support_log_has(&w, "is open to others"));
}
END_TEST

START_TEST(check_tells_of_the_keys)
{
	cleanup_free char *q = queue_name();
	const char *sign = new_keys("sign", "s"), *seal = new_keys("seal", "k");
	struct result r = support_run(
	    support_url(), NULL,
	    (const char *const[]){getenv("WARREN_WORKER"), "check", "-q", q, "--signed-by",
	                          public_of(sign), "--open-with", seal, "--", "/bin/true", NULL});
	ck_assert_msg(r.code == 0, "%s%s", r.out, r.err);
	assert_has(r.out, ".pub: s\n");
	assert_has(r.out, "ok      opened with ");
	support_result_free(&r);
	r = support_run(support_url(), NULL,
	                (const char *const[]){getenv("WARREN_WORKER"), "check", "-q", q,
	                                      "--signed-by", sign, "--", "/bin/true", NULL});
	ck_assert_int_eq(r.code, 78);
	assert_has(r.out, "WRONG   keys of ");
	assert_has(r.out, "this setting takes the public key");
	support_result_free(&r);
}
END_TEST

/* ---- packed ---- */

/* A job that leaves its pack would lose the pack's signature. */
START_TEST(jobs_that_are_signed_are_not_packed)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("sign", "k");
	struct result r = support_producer(support_url(), "1\n2\n", "batch", "t", "-", "-q", q,
	                                   "--pack", "2", "--sign-with", key);
	ck_assert_int_eq(r.code, 64);
	assert_has(r.err, "leave out --pack");
	support_result_free(&r);
	ck_assert_uint_eq(support_depth(support_url(), support_amqp(q, "")), 0);
}
END_TEST

START_TEST(a_queue_that_wants_signatures_opens_no_pack)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("sign", "k"), *record = support_path("record");
	cleanup_free char *body = xprintf("cat >>'%s'", record);
	struct result r =
	    support_producer(support_url(), "1\n2\n", "batch", "t", "-", "-q", q, "--pack", "2");
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	support_result_free(&r);
	struct process w = support_worker(support_url(), "-q", q, "--signed-by", public_of(key),
	                                  "--", support_script("h", body));
	cleanup_free char *letter = dead_letter(q, "unsigned");
	assert_has(letter, "the jobs of a pack carry no signatures");
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(record), 0);
}
END_TEST

START_TEST(sealed_args_travel_in_packs)
{
	cleanup_free char *q = queue_name();
	const char *key = new_keys("seal", "k"), *record = support_path("record");
	cleanup_free char *body = xprintf("cat >>'%s'; echo >>'%s'", record, record);
	cleanup_free char *lines = xprintf("%s\n%s\n", ARGS, ARGS);
	struct result r = support_producer(support_url(), lines, "batch", "t", "-", "-q", q,
	                                   "--pack", "2", "--seal-to", public_of(key));
	ck_assert_msg(r.code == 0, "batch: %s", r.err);
	support_result_free(&r);
	struct message *m = support_take(support_url(), support_amqp(q, ""));
	assert_lacks(m->body, SECRET);
	publish_again(m, q);
	message_destroy(m);
	struct process w = support_worker(support_url(), "-q", q, "--open-with", key, "--",
	                                  support_script("h", body));
	support_wait_lines(record, 2);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines_with(record, ARGS), 2);
}
END_TEST

static Suite *protect_suite(void)
{
	Suite *s = suite_create("protect");
	TCase *c = tcase_create("signed");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_signed_job_runs_and_an_unsigned_one_is_dead);
	tcase_add_loop_test(c, what_somebody_did_to_a_signed_job_in_the_broker_is_refused, 0,
	                    (int)(sizeof forgeries / sizeof *forgeries));
	tcase_add_test(c, a_signature_survives_retry_death_and_replay);
	tcase_add_test(c,
	               while_keys_change_jobs_of_both_run_and_a_key_that_is_missing_may_still_come);
	tcase_add_test(
	    c, a_job_of_a_key_that_never_comes_is_dead_and_a_replay_runs_it_once_the_key_is_there);
	tcase_add_test(c, unsigned_jobs_run_while_producers_change_over_and_bad_ones_do_not);
	tcase_add_test(c, a_stranger_can_sign);
	suite_add_tcase(s, c);
	c = tcase_create("sealed");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, sealed_args_reach_the_handler_and_never_what_the_broker_holds);
	tcase_add_test(c, a_job_that_is_not_sealed_or_was_moved_is_refused);
	tcase_add_test(c, a_worker_without_the_key_lets_another_one_run_it);
	tcase_add_loop_test(c, every_kind_of_handler_sees_the_args_in_the_clear, 0, 4);
	tcase_add_test(c, batch_signs_and_seals_by_the_settings_of_each_queue);
	tcase_add_test(c, the_brokers_disk_holds_what_is_not_sealed_and_nothing_of_what_is);
	suite_add_tcase(s, c);
	c = tcase_create("keys");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, keys_are_made_once_and_a_key_file_that_others_can_read_stops_everything);
	tcase_add_test(c, check_tells_of_the_keys);
	tcase_add_test(c, jobs_that_are_signed_are_not_packed);
	tcase_add_test(c, a_queue_that_wants_signatures_opens_no_pack);
	tcase_add_test(c, sealed_args_travel_in_packs);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	return support_main(protect_suite());
}
