/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests jobs and messages that are made to do harm: what they can put into a log line, an
 * environment, a command line or a path.
 */
#include <arpa/inet.h>
#include <check.h>
#include <jansson.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "tests/support/printable.h"
#include "tests/support/support.h"

/*
 * Bytes that a terminal obeys: colours, a title, C1, a turn of direction, a line separator, half a
 * sequence, DEL.
 */
#define NASTY "\033[31m\033]0;x\007\302\233m\342\200\256\342\200\250\377\177\r"
/* Like NASTY, for printf(1) of sh, and with a NUL. */
#define NASTY_SH                                                                                   \
	"\\033[31m\\033]0;x\\007\\302\\233m\\342\\200\\256\\342\\200\\250\\377\\177\\r\\000"

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
		ck_abort_msg("%s: byte 0x%02x at %td of: %.*s", what, (unsigned char)*wrong,
		             wrong - text, (int)(len < 2000 ? len : 2000), text);
}

static void assert_json_lines(char *text)
{
	char *rest = NULL;
	size_t lines = 0;
	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest), lines++) {
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

/* Publishes a stranger's message in which every text is nasty. */
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

/*
 * Runs a worker that logs everything that it can be made to log about the jobs, and ends them all
 * dead.
 */
static struct process run_nasty(const char *q, const char *form)
{
	const char *handler = support_script(
	    "nasty", "printf 'bad" NASTY_SH "\\n' >&2\n"
	             "[ $JOB_TYPE != long ] || head -c 1000000 /dev/zero | tr '\\000' '\\033' >&2\n"
	             "printf '\\nlast " NASTY_SH "' >&2; exit 65");
	cleanup_free char *run = xprintf("*=exec:%s", handler);
	cleanup_free char *process = xprintf(
	    "process=process:%s",
	    support_script("answers", "read -r line <&3\nid=${line#*id\\\":\\\"}; id=${id%%\\\"*}\n"
	                              "printf '{\"dead\":\"%s\",\"error\":\"a\\\\u001b[31m\\\\u009b"
	                              "\\\\u202e\\\\r\\\\n\\\\u0007\"}\\n' \"$id\" >&4; cat <&3"));
	struct process w =
	    support_worker(support_url(), "-q", q, "-j", "2", "--log-format", form, "--log-level",
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
	for (char *line = strtok_r(r.out, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest), letters++) {
		json_t *letter = json_loads(line, JSON_ALLOW_NUL, NULL);
		const char *id = json_string_value(json_object_get(letter, "id"));
		ck_assert_ptr_nonnull(id);
		if (strcmp(id, "?") != 0) {
			struct result shown =
			    support_producer(support_url(), NULL, "dead", "show", id, "-q", q);
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
	struct process w =
	    support_worker(support_url(), "-q", q, "--",
	                   support_script("h", "printf 'words" NASTY_SH "\\n' >&2; exit 65"));
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
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
	cleanup_free char *error = xprintf(
	    "process=process:%s",
	    support_script("answers", "read -r line <&3\nid=${line#*id\\\":\\\"}; id=${id%%\\\"*}\n"
	                              "printf '{\"dead\":\"%s\",\"error\":\"one\\\\u0000two\"}\\n' "
	                              "\"$id\" >&4; cat <&3"));
	cleanup_free char *run =
	    xprintf("*=exec:%s",
	            support_script("h", "printf 'be\\000fore\\nlast\\000words\\n' >&2; exit 65"));
	struct process w = support_worker(support_url(), "-q", q, "--log-level", "info",
	                                  "--handler", error, "--handler", run);
	struct result r =
	    support_producer(support_url(), NULL, "send", "t", "1", "-q", q, "--wait=20s");
	ck_assert_int_eq(r.code, 1);
	ck_assert_msg(strstr(r.err, "be\\x00fore\n") &&
	                  strstr(r.err, ": exit 65: last\\x00words\n"),
	              "%s", r.err);
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
	struct result shown =
	    support_producer(support_url(), NULL, "dead", "show",
	                     json_string_value(json_object_get(letter, "id")), "-q", q);
	ck_assert_msg(strstr(shown.out, "| be\\x00fore\n") &&
	                  strstr(shown.out, "| last\\x00words\n"),
	              "%s", shown.out);
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
	struct result r =
	    support_producer(support_url(), NULL, "batch", file, "-q", q, "--receipts", receipts);
	ck_assert_int_eq(r.code, 1);
	assert_printable("batch", r.err, strlen(r.err), "\n");
	support_result_free(&r);
	size_t len;
	char *text = read_whole(receipts, &len), *rest = NULL;
	assert_printable("receipts", text, len, "\n");
	size_t lines = 0;
	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest), lines++) {
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
	struct result r =
	    support_producer(support_url(), NULL, "send", "t" NASTY, "1", "-q", "q" NASTY);
	ck_assert_int_ne(r.code, 0);
	assert_printable("send", r.err, strlen(r.err), "\n");
	support_result_free(&r);
}
END_TEST

/* ---- what a handler process gets ---- */

/* Runs one job document in a handler that notes its environment and command line. */
static void run_noting(const char *q, const char *document, const char *more)
{
	cleanup_free char *script =
	    xprintf("cat /proc/$$/environ >%s/environ\ncat /proc/$$/cmdline >%s/cmdline\n%s",
	            support_dir(), support_dir(), more);
	struct process w = support_worker(support_url(), "-q", q, "--once", "--",
	                                  support_script("notes", script), "fixed", "$JOB_ID `id`");
	support_publish_text(support_url(), q, document);
	ck_assert_int_eq(support_wait_exit(&w), 0);
}

static bool is_variable_of_ours(const char *name, size_t len)
{
	static const char *const known[] = {"JOB_ID",      "JOB_TYPE",         "JOB_QUEUE",
	                                    "JOB_ATTEMPT", "JOB_DEADLINE",     "JOB_CREATED_AT",
	                                    "JOB_TOKEN",   "JOB_MAX_ATTEMPTS", "TRACEPARENT",
	                                    "TMPDIR",      "JOB_H_PATH",       "JOB_H_LD_PRELOAD"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i]) == len && strncmp(known[i], name, len) == 0)
			return true;
	return false;
}

/*
 * Checks a variable. It is ours, or the worker's own with the worker's own value, or JOB_H_ and
 * plain letters.
 */
static void check_variable(const char *variable)
{
	const char *equals = strchr(variable, '=');
	ck_assert_msg(equals && equals > variable, "no variable: %s", variable);
	size_t len = (size_t)(equals - variable);
	if (is_variable_of_ours(variable, len))
		return;
	if (strncmp(variable, "JOB_H_", 6) == 0) {
		ck_assert_msg(strspn(variable, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len,
		              "%s", variable);
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
	           "{\"type\":\"t\",\"headers\":{\"PATH\":\"/evil\",\"LD_PRELOAD\":\"/"
	           "evil.so\",\"A=B\":\"c\","
	           "\"a\\nB=C\":\"d\",\"\":\"empty\",\"\\u00fc\":\"e\",\"traceparent\":\"00-1\\nLD_"
	           "PRELOAD=/evil.so\","
	           "\"../x\":\"$(id)\\r\\n\"}}",
	           "");
	size_t len, count = 0;
	char *environ_text = read_whole(support_path("environ"), &len);
	bool path = false;
	for (const char *at = environ_text; at < environ_text + len;
	     at += strlen(at) + 1, count++) {
		check_variable(at);
		ck_assert_msg(strncmp(at, "LD_PRELOAD=", 11) != 0 && strncmp(at, "B=", 2) != 0,
		              "smuggled: %s", at);
		path |= strcmp(at, "JOB_H_PATH=/evil") == 0;
	}
	ck_assert(path && count > 10);
	free(environ_text);
}
END_TEST

START_TEST(the_command_line_is_as_it_was_configured)
{
	cleanup_free char *q = queue_name();
	run_noting(q,
	           "{\"type\":\"..\",\"id\":\"..:-c\",\"args\":\"$(id); -x "
	           "--help\",\"headers\":{\"--x\":\"-y\"}}",
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
	cleanup_free char *script = xprintf("printf '%%s\\n' \"$TMPDIR\" >%s/tmp; [ -d \"$TMPDIR\" "
	                                    "] && [ -z \"$(ls -A \"$TMPDIR\")\" ]",
	                                    support_dir());
	cleanup_free char *handler = xprintf("*=exec:%s", support_script("h", script));
	struct process w = support_worker(support_url(), "-q", q, "--once", "--handler", handler,
	                                  "--with", "private_tmp=true");
	support_publish_text(support_url(), q, "{\"type\":\"..\",\"id\":\"...\"}");
	ck_assert_int_eq(support_wait_exit(&w), 0);
	size_t len;
	char *path = read_whole(support_path("tmp"), &len);
	const char *base = strrchr(path, '/');
	ck_assert_msg(base && strncmp(base, "/warren-job.", 12) == 0 && !strstr(path, ".."), "%s",
	              path);
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
	struct process w =
	    support_worker(support_url(), "-q", q, "--", support_script("h", script));
	support_publish_text(support_url(), q, large);
	support_publish_text(support_url(), q,
	                     "{\"type\":\"t\",\"headers\":{\"a-b\":\"1\",\"A_b\":\"2\"}}");
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

/* ---- what a service gets ---- */

/* A service on a thread. It notes the bytes of each connection as they came, and says 200. */
struct service {
	int listener, port;
	pthread_t thread;
	struct buf request; /* the bytes of the first connection */
	size_t connections;
};

/* Returns where the head ends, or 0 if its end has not come yet. */
static size_t head_end(const struct buf *b)
{
	const char *end = b->len ? memmem(b->data, b->len, "\r\n\r\n", 4) : NULL;
	return end ? (size_t)(end - b->data) + 4 : 0;
}

static bool is_whole(const struct buf *b)
{
	size_t head = head_end(b);
	const char *length = head ? strstr(b->data, "\r\nContent-Length: ") : NULL;
	return length && b->len >= head + strtoul(length + 18, NULL, 10);
}

/* Serves to the end of the connection, so that a second request in it is noted too. */
static void serve(struct service *s, int fd)
{
	static const char answer[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	struct buf spare = {0}, *to = s->connections++ ? &spare : &s->request;
	char chunk[65536];
	bool answered = false;
	for (ssize_t n; (n = read(fd, chunk, sizeof chunk)) > 0;) {
		buf_append(to, chunk, (size_t)n);
		if (!answered && is_whole(to))
			answered = write(fd, answer, sizeof answer - 1) > 0;
	}
	buf_finish(&spare);
	close(fd);
}

static void *service_thread(void *data)
{
	struct service *s = data;
	for (int fd; (fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
		serve(s, fd);
	return NULL;
}

static void service_start(struct service *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	*s = (struct service){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(s->listener, 16), 0);
	ck_assert_int_eq(getsockname(s->listener, (struct sockaddr *)&a, &len), 0);
	s->port = ntohs(a.sin_port);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, service_thread, s), 0);
}

static void service_stop(struct service *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
}

/* Takes a header off the terminated head. Returns false if there are no more. */
static bool next_header(char **head, const char **name, const char **value)
{
	char *line = strsep(head, "\n"), *colon;
	ck_assert_ptr_nonnull(line);
	size_t len = strlen(line);
	ck_assert_msg(len > 0 && line[len - 1] == '\r', "a bare line feed behind: %s", line);
	line[len - 1] = 0;
	if (len == 1)
		return false;
	ck_assert_msg(!printable_offender(line, len - 1, ""), "a control byte in: %s", line);
	colon = strstr(line, ": ");
	ck_assert_msg(colon, "no header: %s", line);
	*colon = 0;
	*name = line;
	*value = colon + 2;
	return true;
}

struct wanted {
	const char *name, *value; /* value is NULL for any */
};

static void check_header(const struct wanted *all, unsigned *seen, const char *name,
                         const char *value)
{
	size_t i = 0;
	while (all[i].name && strcmp(all[i].name, name) != 0)
		i++;
	ck_assert_msg(all[i].name, "smuggled: %s: %.100s", name, value);
	ck_assert_msg(!all[i].value || strcmp(value, all[i].value) == 0, "%s: %.100s", name, value);
	ck_assert_msg(!(*seen & 1U << i), "%s comes twice", name);
	*seen |= 1U << i;
}

/*
 * Checks that there was one request, to the handler's URL, with exactly these headers and that
 * body.
 */
static void check_request(const struct service *s, const struct wanted *all, struct span body)
{
	const struct buf *b = &s->request;
	size_t end = head_end(b);
	unsigned seen = 0, count = 0;
	ck_assert_uint_eq(s->connections, 1);
	ck_assert_uint_gt(end, 0);
	ck_assert_ptr_null(memchr(b->data, 0, end));
	ck_assert_uint_eq(b->len - end, body.len);
	ck_assert_int_eq(memcmp(b->data + end, body.at, body.len), 0);
	cleanup_free char *head = xmemdup(b->data, end);
	char *rest = head;
	const char *name, *value;
	ck_assert_str_eq(strsep(&rest, "\n"), "POST /jobs?x=1 HTTP/1.1\r");
	while (next_header(&rest, &name, &value))
		check_header(all, &seen, name, value);
	while (all[count].name)
		count++;
	ck_assert_msg(seen == (1U << count) - 1, "headers are missing (seen: %x): %.3000s", seen,
	              b->data);
}

static void run_for_service(struct service *s, const char *config, const char *q,
                            const struct message *m)
{
	cleanup_free char *handler = xprintf("*=http://127.0.0.1:%d/jobs?x=1", s->port);
	struct process w = support_worker(support_url(), config ? "--config" : "-q",
	                                  config ? config : q, "--once", "--handler", handler);
	support_publish(support_url(), "warren.v1.jobs", support_amqp(q, ""), m);
	ck_assert_int_eq(support_wait_exit(&w), 0);
	service_stop(s);
}

enum { LONG_VALUE = 60000 };

START_TEST(no_job_smuggles_a_header_into_its_request)
{
	struct service s;
	service_start(&s);
	cleanup_free char *q = queue_name();
	cleanup_free char *host = xprintf("127.0.0.1:%d", s.port),
	                  *large = xprintf("%0*d", LONG_VALUE, 0);
	cleanup_free char *document = xprintf(
	    "{\"type\":\"t\",\"id\":\"..:\",\"args\":\"\\r\\n\\r\\nGET /evil "
	    "HTTP/1.1\\r\\n\",\"headers\":{"
	    "\"crlf\":\"a\\r\\nInjected: yes\",\"lf\":\"a\\nInjected: yes\",\"cr\":\"a\\rInjected: "
	    "yes\","
	    "\"umlaut\":\"\\u00fc\",\"esc\":\"\\u001b[31m\",\"n\\r\\nInjected\":\"yes\",\"a: "
	    "b\\r\\nc\":\"d\","
	    "\"x: y\":\"z\",\"x:\":\"z\",\"b "
	    "c\":\"d\",\";\":\"e\",\"\\u00e9\":\"f\",\"blank\":\"\","
	    "\"Host\":\"evil\",\"Content-Length\":\"0\",\"Transfer-Encoding\":\"chunked\","
	    "\"traceparent\":\"00-1\\r\\nInjected: yes\",\"plain\":\"v: w; x\",\"long\":\"%s\"}}",
	    large);
	const struct wanted all[] = {{"Host", host},
	                             {"User-Agent", NULL},
	                             {"Accept", "*/*"},
	                             {"Content-Type", "application/json"},
	                             {"Content-Length", "32"},
	                             {"Idempotency-Key", "..:"},
	                             {"Job-Id", "..:"},
	                             {"Job-Type", "t"},
	                             {"Job-Queue", q},
	                             {"Job-Attempt", "1"},
	                             {"Job-Max-Attempts", NULL},
	                             {"Job-Deadline", NULL},
	                             {"Job-H-Host", "evil"},
	                             {"Job-H-Content-Length", "0"},
	                             {"Job-H-Transfer-Encoding", "chunked"},
	                             {"Job-H-plain", "v: w; x"},
	                             {"Job-H-long", large},
	                             {0}};
	struct message *m = message_create();
	message_set_body(m, document, strlen(document));
	run_for_service(&s, NULL, q, m);
	check_request(&s, all, span_of("\"\\r\\n\\r\\nGET /evil HTTP/1.1\\r\\n\""));
	message_destroy(m);
	buf_finish(&s.request);
}
END_TEST

START_TEST(no_raw_message_smuggles_a_header_into_its_request)
{
	static const char body[] = "\r\n\r\nGET /evil HTTP/1.1\r\n\r\n";
	struct service s;
	service_start(&s);
	cleanup_free char *q = queue_name();
	cleanup_free char *host = xprintf("127.0.0.1:%d", s.port);
	const char *config = support_path("worker.cfg");
	FILE *f = fopen(config, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "queues = ( { name = \"%s\"; codec = \"raw\"; type = \"blob\"; } );\n", q);
	fclose(f);
	const struct wanted all[] = {{"Host", host},
	                             {"User-Agent", NULL},
	                             {"Accept", "*/*"},
	                             {"Content-Type", "application/json"},
	                             {"Content-Length", "27"},
	                             {"Idempotency-Key", NULL},
	                             {"Job-Id", NULL},
	                             {"Job-Type", "blob"},
	                             {"Job-Queue", q},
	                             {"Job-Attempt", "1"},
	                             {"Job-Max-Attempts", NULL},
	                             {"Job-Deadline", NULL},
	                             {0}};
	struct message *m = message_create();
	m->type = xstrdup("t\r\nInjected: yes");
	m->message_id = xstrdup("id\r\nInjected: yes");
	m->correlation_id = xstrdup("c\r\nInjected: yes");
	m->content_type = xstrdup("text/plain\r\nInjected: yes");
	table_set_string(&m->headers, "h\r\nInjected", "yes\r\nInjected: yes");
	message_set_body(m, body, sizeof body);
	run_for_service(&s, config, q, m);
	check_request(&s, all, (struct span){body, sizeof body});
	message_destroy(m);
	buf_finish(&s.request);
}
END_TEST

START_TEST(a_nul_in_a_header_is_malformed)
{
	cleanup_free char *q = queue_name();
	struct service s;
	service_start(&s);
	cleanup_free char *handler = xprintf("*=http://127.0.0.1:%d/jobs?x=1", s.port);
	struct process w = support_worker(support_url(), "-q", q, "--handler", handler);
	support_publish_text(support_url(), q,
	                     "{\"type\":\"t\",\"headers\":{\"a\":\"b\\u0000c\"}}");
	support_publish_text(support_url(), q,
	                     "{\"type\":\"t\",\"headers\":{\"a\\u0000b\":\"c\"}}");
	support_wait_depth(support_url(), support_amqp(q, ".dead"), 2);
	ck_assert_int_eq(support_terminate(&w), 0);
	service_stop(&s);
	ck_assert_uint_eq(s.connections, 0);
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
	tcase_add_test(c, no_job_smuggles_a_header_into_its_request);
	tcase_add_test(c, no_raw_message_smuggles_a_header_into_its_request);
	tcase_add_test(c, a_nul_in_a_header_is_malformed);
	suite_add_tcase(s, c);
	return support_main(s);
}
