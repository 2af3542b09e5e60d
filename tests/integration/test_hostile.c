/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and messages made to do harm: what they can put into a log line, an environment, a command line or a path. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/support/printable.h"
#include "tests/support/support.h"

/* Colours and a title for a terminal, C1, a turn of direction, a line separator, half a sequence, DEL. */
#define NASTY "\033[31m\033]0;x\007\302\233m\342\200\256\342\200\250\377\177\r"
/* The same for printf(1) of sh, and NUL. */
#define NASTY_SH "\\033[31m\\033]0;x\\007\\302\\233m\\342\\200\\256\\342\\200\\250\\377\\177\\r\\000"

static char *queue_name(void)
{
	return xstrdup(support_queue(support_url()));
}

static char *read_whole(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ck_assert_msg(f != NULL, "%s cannot be read", path);
	FILE *out = open_memstream(&text, &size);
	for (int c; (c = fgetc(f)) != EOF;)
		fputc(c, out);
	fclose(out);
	fclose(f);
	*len = size;
	return text;
}

static void assert_printable(const char *what, const char *text, size_t len, const char *allowed)
{
	const char *wrong = printable_offender(text, len, allowed);
	if (wrong)
		ck_abort_msg("%s: byte 0x%02x at %td of: %.*s", what, (unsigned char)*wrong, wrong - text,
		             (int)(len < 2000 ? len : 2000), text);
}

static void assert_json_lines(char *text)
{
	char *rest = NULL;
	size_t lines = 0;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++) {
		json_t *value = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
		ck_assert_msg(json_is_string(json_object_get(value, "text")), "no JSON: %s", line);
		json_decref(value);
	}
	ck_assert_uint_gt(lines, 3);
}

/* ---- what people see ---- */

static void send_nasty(const char *queue, const char *type)
{
	struct result r = support_producer(support_url(), NULL, "send", type,
	                                   "\""
	                                   "\\u001b[31m"
	                                   "\"",
	                                   "-q", queue, "-H",
	                                   "note="
	                                   "\033[31m\302\233\342\200\256");
	ck_assert_msg(r.code == 0, "send: %s", r.err);
	support_result_free(&r);
}

/* A stranger's: everything about it that is text is nasty. */
static void publish_nasty(const char *queue, const char *body)
{
	struct message *m = message_create();
	m->message_id = xstrdup("id" NASTY);
	m->type = xstrdup("type" NASTY);
	m->app_id = xstrdup("app" NASTY);
	m->content_type = xstrdup(NASTY);
	table_set_string(&m->headers, "h" NASTY, NASTY);
	table_set_string(&m->headers, "warren-history", NASTY);
	message_set_body(m, body, strlen(body));
	support_publish(support_url(), "warren.v1.jobs", support_amqp(queue, ""), m);
	message_destroy(m);
}

/* Everything that a worker can be made to log about them: it ends them all dead. */
static struct process run_nasty(const char *q, const char *form)
{
	const char *handler =
	    support_script("nasty", "printf 'bad" NASTY_SH "\\n' >&2\n"
	                            "[ $JOB_TYPE != long ] || head -c 1000000 /dev/zero | tr '\\000' '\\033' >&2\n"
	                            "printf '\\nlast " NASTY_SH "' >&2; exit 65");
	cleanup_free char *run = xprintf("*=exec:%s", handler);
	cleanup_free char *process =
	    xprintf("process=process:%s",
	            support_script("answers", "read -r line <&3\nid=${line#*id\\\":\\\"}; id=${id%%\\\"*}\n"
	                                      "printf '{\"dead\":\"%s\",\"error\":\"a\\\\u001b[31m\\\\u009b"
	                                      "\\\\u202e\\\\r\\\\n\\\\u0007\"}\\n' \"$id\" >&4; cat <&3"));
	struct process w = support_worker(support_url(), "-q", q, "-j", "2", "--log-format", form, "--log-level",
	                                  "debug", "--handler", process, "--handler", run);
	send_nasty(q, "plain");
	send_nasty(q, "long");
	send_nasty(q, "process");
	publish_nasty(q, "{\"type\":\"" NASTY "\"}");
	publish_nasty(q, "{\"" NASTY "\":1}");
	publish_nasty(q, "{\"type\":\"x\",\"type\\u001b"
	                 "\":1,\"type\\u001b\":2}");
	publish_nasty(q, "{\"type\":\"no id\",\"args\":1}");
	publish_nasty(q, "{\"type\":\"noid\",\"args\":1}");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 8);
	return w;
}

static void check_letters(const char *q)
{
	struct result r = support_producer(support_url(), NULL, "dead", "list", "-q", q);
	ck_assert_int_eq(r.code, 0);
	assert_printable("dead list", r.out, strlen(r.out), "\n");
	assert_printable("dead list, stderr", r.err, strlen(r.err), "\n");
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "dead", "list", "-q", q, "--json");
	assert_printable("dead list --json", r.out, strlen(r.out), "\n");
	char *rest = NULL;
	size_t letters = 0;
	for (char *line = strtok_r(r.out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), letters++) {
		json_t *letter = json_loads(line, JSON_ALLOW_NUL, NULL);
		const char *id = json_string_value(json_object_get(letter, "id"));
		ck_assert_ptr_nonnull(id);
		if (strcmp(id, "?") != 0) {
			struct result shown = support_producer(support_url(), NULL, "dead", "show", id, "-q", q);
			ck_assert_int_eq(shown.code, 0);
			assert_printable("dead show", shown.out, strlen(shown.out), "\n\t");
			support_result_free(&shown);
		}
		json_decref(letter);
	}
	ck_assert_uint_eq(letters, 8);
	support_result_free(&r);
}

static const char *const forms[] = {"text", "json"};

START_TEST(no_byte_of_a_job_drives_a_terminal)
{
	cleanup_free char *q = queue_name();
	size_t len;
	struct process w = run_nasty(q, forms[_i]);
	ck_assert_int_eq(support_terminate(&w), 0);
	char *log = read_whole(w.log, &len);
	assert_printable("log", log, len, "\n");
	ck_assert_msg(strstr(log, "bad"), "the handler's words are not in the log: %.3000s", log);
	if (_i == 1)
		assert_json_lines(log);
	free(log);
	check_letters(q);
}
END_TEST

START_TEST(no_byte_of_a_handler_reaches_the_terminal_of_who_waits)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "--",
	                                  support_script("h", "printf 'words" NASTY_SH "\\n' >&2; exit 65"));
	struct result r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 1);
	ck_assert_msg(strstr(r.err, "words"), "%s", r.err);
	assert_printable("send --wait", r.err, strlen(r.err), "\n\t");
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(a_nul_hides_nothing_that_a_handler_says)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *error =
	    xprintf("process=process:%s",
	            support_script("answers",
	                           "read -r line <&3\nid=${line#*id\\\":\\\"}; id=${id%%\\\"*}\n"
	                           "printf '{\"dead\":\"%s\",\"error\":\"one\\\\u0000two\"}\\n' \"$id\" >&4; cat <&3"));
	cleanup_free char *run =
	    xprintf("*=exec:%s", support_script("h", "printf 'be\\000fore\\nlast\\000words\\n' >&2; exit 65"));
	struct process w =
	    support_worker(support_url(), "-q", q, "--log-level", "info", "--handler", error, "--handler", run);
	struct result r = support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 1);
	ck_assert_msg(strstr(r.err, "be\\x00fore\n") && strstr(r.err, ": exit 65: last\\x00words\n"), "%s", r.err);
	support_result_free(&r);
	r = support_producer(support_url(), NULL, "send", "process", "1", "-q", q, "--wait=20s");
	ck_assert_msg(strstr(r.err, "one\\x00two\n"), "%s", r.err);
	support_result_free(&r);
	support_wait_log(&w, "| be\\x00fore");
	support_wait_log(&w, "exit 65: last\\x00words");
	support_wait_log(&w, "one\\x00two");
	ck_assert_int_eq(support_terminate(&w), 0);
	r = support_producer(support_url(), NULL, "dead", "list", "-q", q, "--json");
	json_t *letter = json_loads(r.out, JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, NULL);
	struct result shown = support_producer(support_url(), NULL, "dead", "show",
	                                       json_string_value(json_object_get(letter, "id")), "-q", q);
	ck_assert_msg(strstr(shown.out, "| be\\x00fore\n") && strstr(shown.out, "| last\\x00words\n"), "%s", shown.out);
	json_decref(letter);
	support_result_free(&shown);
	support_result_free(&r);
}
END_TEST

START_TEST(no_byte_of_a_bad_line_reaches_the_terminal_or_breaks_a_receipt)
{
	cleanup_free char *q = queue_name();
	const char *file = support_path("in" NASTY), *receipts = support_path("receipts");
	FILE *f = fopen(file, "we");
	ck_assert_ptr_nonnull(f);
	fputs("{\"type\":\"" NASTY "\"}\n{\"" NASTY "\":1}\n{\"type\":\"t\",\"strange"
	      "\\u001b"
	      "\":1}\n{\"type\":\"t\"}\n",
	      f);
	fclose(f);
	struct result r = support_producer(support_url(), NULL, "batch", file, "-q", q, "--receipts", receipts);
	ck_assert_int_eq(r.code, 1);
	assert_printable("batch", r.err, strlen(r.err), "\n");
	support_result_free(&r);
	size_t len;
	char *text = read_whole(receipts, &len), *rest = NULL;
	assert_printable("receipts", text, len, "\n");
	size_t lines = 0;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), lines++) {
		json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		ck_assert_msg(json_is_object(value), "no JSON: %s", line);
		json_decref(value);
	}
	ck_assert_uint_eq(lines, 5);
	free(text);
}
END_TEST

START_TEST(what_was_typed_is_told_without_its_control_bytes)
{
	struct result r = support_producer(support_url(), NULL, "send", "t" NASTY, "1", "-q", "q" NASTY);
	ck_assert_int_ne(r.code, 0);
	assert_printable("send", r.err, strlen(r.err), "\n");
	support_result_free(&r);
}
END_TEST

/* ---- what a handler process gets ---- */

/* Runs one job document in a handler that notes its environment and command line. */
static void run_noting(const char *q, const char *document, const char *more)
{
	cleanup_free char *script = xprintf("cat /proc/$$/environ >%s/environ\ncat /proc/$$/cmdline >%s/cmdline\n%s",
	                                    support_dir(), support_dir(), more);
	struct process w = support_worker(support_url(), "-q", q, "--once", "--", support_script("notes", script),
	                                  "fixed", "$JOB_ID `id`");
	support_publish_text(support_url(), q, document);
	ck_assert_int_eq(support_wait_exit(&w), 0);
}

static bool is_variable_of_ours(const char *name, size_t len)
{
	static const char *const known[] = {"JOB_ID",       "JOB_TYPE",       "JOB_QUEUE",  "JOB_ATTEMPT",
	                                    "JOB_DEADLINE", "JOB_CREATED_AT", "JOB_TOKEN",  "JOB_MAX_ATTEMPTS",
	                                    "TRACEPARENT",  "TMPDIR",         "JOB_H_PATH", "JOB_H_LD_PRELOAD"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i]) == len && strncmp(known[i], name, len) == 0)
			return true;
	return false;
}

/* A name is ours, or the worker's own with the worker's own value, or JOB_H_ and plain letters. */
static void check_variable(const char *variable)
{
	const char *equals = strchr(variable, '=');
	ck_assert_msg(equals && equals > variable, "no variable: %s", variable);
	size_t len = (size_t)(equals - variable);
	if (is_variable_of_ours(variable, len))
		return;
	if (strncmp(variable, "JOB_H_", 6) == 0) {
		ck_assert_msg(strspn(variable, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len, "%s", variable);
		return;
	}
	cleanup_free char *name = xmemdup(variable, len);
	const char *own = getenv(name);
	/* These two were set for the worker alone. */
	ck_assert_msg((own && strcmp(own, equals + 1) == 0) || strcmp(name, "AMQP_URL") == 0 ||
	                  strcmp(name, "HOME") == 0,
	              "smuggled: %s", variable);
}

START_TEST(headers_become_variables_of_their_own_and_no_others)
{
	cleanup_free char *q = queue_name();
	run_noting(q,
	           "{\"type\":\"t\",\"headers\":{\"PATH\":\"/evil\",\"LD_PRELOAD\":\"/evil.so\",\"A=B\":\"c\","
	           "\"a\\nB=C\":\"d\",\"\":\"empty\",\"\\u00fc\":\"e\",\"traceparent\":\"00-1\\nLD_PRELOAD=/evil.so\","
	           "\"../x\":\"$(id)\\r\\n\"}}",
	           "");
	size_t len, count = 0;
	char *environ_text = read_whole(support_path("environ"), &len);
	bool path = false;
	for (const char *at = environ_text; at < environ_text + len; at += strlen(at) + 1, count++) {
		check_variable(at);
		ck_assert_msg(strncmp(at, "LD_PRELOAD=", 11) != 0 && strncmp(at, "B=", 2) != 0, "smuggled: %s", at);
		path |= strcmp(at, "JOB_H_PATH=/evil") == 0;
	}
	ck_assert(path && count > 10);
	free(environ_text);
}
END_TEST

START_TEST(the_command_line_is_as_it_was_configured)
{
	cleanup_free char *q = queue_name();
	run_noting(q, "{\"type\":\"..\",\"id\":\"..:-c\",\"args\":\"$(id); -x --help\",\"headers\":{\"--x\":\"-y\"}}",
	           "");
	size_t len;
	char *line = read_whole(support_path("cmdline"), &len);
	cleanup_free char *script = xprintf("%s/notes", support_dir());
	const char *const words[] = {"/bin/sh", script, "fixed", "$JOB_ID `id`"};
	const char *at = line;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++, at += strlen(at) + 1) {
		ck_assert(at < line + len);
		ck_assert_str_eq(at, words[i]);
	}
	ck_assert_ptr_eq(at, line + len);
	free(line);
}
END_TEST

START_TEST(a_type_and_an_id_of_dots_name_no_path)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *script =
	    xprintf("printf '%%s\\n' \"$TMPDIR\" >%s/tmp; [ -d \"$TMPDIR\" ] && [ -z \"$(ls -A \"$TMPDIR\")\" ]",
	            support_dir());
	cleanup_free char *handler = xprintf("*=exec:%s", support_script("h", script));
	struct process w =
	    support_worker(support_url(), "-q", q, "--once", "--handler", handler, "--with", "private_tmp=true");
	support_publish_text(support_url(), q, "{\"type\":\"..\",\"id\":\"...\"}");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	size_t len;
	char *path = read_whole(support_path("tmp"), &len);
	const char *base = strrchr(path, '/');
	ck_assert_msg(base && strncmp(base, "/warren-job.", 12) == 0 && !strstr(path, ".."), "%s", path);
	free(path);
}
END_TEST

static char *many_headers(size_t count, size_t size)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	fputs("{\"type\":\"t\",\"headers\":{", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\"h%zu\":\"%0*d\"", i ? "," : "", i, (int)size, 0);
	fputs("}}", out);
	fclose(out);
	return text;
}

START_TEST(headers_that_no_process_can_get_make_the_job_dead_unrun)
{
	cleanup_free char *q = queue_name();
	cleanup_free char *large = many_headers(100, 2000);
	cleanup_free char *script = xprintf("echo ran >>%s/ran", support_dir());
	struct process w = support_worker(support_url(), "-q", q, "--", support_script("h", script));
	support_publish_text(support_url(), q, large);
	support_publish_text(support_url(), q, "{\"type\":\"t\",\"headers\":{\"a-b\":\"1\",\"A_b\":\"2\"}}");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 2);
	ck_assert_int_eq(support_terminate(&w), 0);
	ck_assert_uint_eq(support_lines(support_path("ran")), 0);
}
END_TEST

START_TEST(a_slash_in_type_or_id_is_malformed)
{
	cleanup_free char *q = queue_name();
	struct process w = support_worker(support_url(), "-q", q, "--", "/bin/true");
	support_publish_text(support_url(), q, "{\"type\":\"../../etc/passwd\"}");
	support_publish_text(support_url(), q, "{\"type\":\"t\",\"id\":\"../x\"}");
	support_publish_text(support_url(), q, "{\"type\":\"a b\"}");
	support_publish_text(support_url(), q, "{\"type\":\"t\",\"id\":\"a\\nb\"}");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 4);
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hostile");
	TCase *c = tcase_create("hostile");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, no_byte_of_a_job_drives_a_terminal, 0, 2);
	tcase_add_test(c, no_byte_of_a_handler_reaches_the_terminal_of_who_waits);
	tcase_add_test(c, a_nul_hides_nothing_that_a_handler_says);
	tcase_add_test(c, no_byte_of_a_bad_line_reaches_the_terminal_or_breaks_a_receipt);
	tcase_add_test(c, what_was_typed_is_told_without_its_control_bytes);
	tcase_add_test(c, headers_become_variables_of_their_own_and_no_others);
	tcase_add_test(c, the_command_line_is_as_it_was_configured);
	tcase_add_test(c, a_type_and_an_id_of_dots_name_no_path);
	tcase_add_test(c, headers_that_no_process_can_get_make_the_job_dead_unrun);
	tcase_add_test(c, a_slash_in_type_or_id_is_malformed);
	suite_add_tcase(s, c);
	return support_main(s);
}
