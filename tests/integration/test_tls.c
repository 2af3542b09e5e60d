/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests amqps:// and certificates, by the real programs against TLS listeners of a real RabbitMQ.
 */
#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "tests/support/support.h"

/*
 * The listeners, all on one node. Each has options of its own, and only the first is of the config
 * file, as docs/operations.md has it. MUTUAL wants a client certificate. MUTUAL_12 wants one too
 * and speaks only TLS 1.2. The others want none.
 */
enum listener {
	MUTUAL,
	MUTUAL_12,
	PLAIN_CLIENT,
	OTHER_NAME,
	NO_NAME,
	EXPIRED,
	SELF,
	OLD_TLS,
	LISTENERS,
	NO_TLS = LISTENERS
};

static const struct {
	const char *certificate, *options;
} listeners[LISTENERS] = {
    [MUTUAL_12] = {"server", ",{versions,[list_to_atom(\"tlsv1.2\")]},{verify,verify_peer},{fail_"
                             "if_no_peer_cert,true}"},
    [PLAIN_CLIENT] = {"server", ""},
    [OTHER_NAME] = {"server-other-name", ""},
    [NO_NAME] = {"server-no-name", ""},
    [EXPIRED] = {"server-expired", ""},
    [SELF] = {"server-self", ""},
    [OLD_TLS] = {"server", ",{versions,[list_to_atom(\"tlsv1.1\")]}"},
};

static struct node node;
static int ports[LISTENERS + 1], https_port;
static const char *certificates;

/* ---- the node ---- */

static void make_certificates(void)
{
	certificates = support_path("certificates");
	cleanup_free char *command = xprintf("'%s/tests/scripts/certificates.sh' '%s'",
	                                     getenv("WARREN_SOURCE"), certificates);
	if (system(command) != 0)
		exit(EXIT_FAILURE);
}

static void write_options(struct buf *to, const char *section)
{
	static const char *const files[][2] = {
	    {"cacertfile", "ca.pem"}, {"certfile", "server.pem"}, {"keyfile", "server.key"}};
	for (size_t i = 0; i < 3; i++)
		buf_printf(to, "%s.%s = %s/%s\n", section, files[i][0], certificates, files[i][1]);
}

static void start_node(void)
{
	struct buf conf = {0};
	ports[MUTUAL] = support_free_port();
	https_port = support_free_port();
	buf_printf(&conf,
	           "listeners.ssl.1 = 127.0.0.1:%d\nssl_options.verify = verify_peer\n"
	           "ssl_options.fail_if_no_peer_cert = true\nssl_cert_login_from = common_name\n"
	           "auth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = EXTERNAL\n"
	           "management.ssl.ip = 127.0.0.1\nmanagement.ssl.port = %d\n",
	           ports[MUTUAL], https_port);
	write_options(&conf, "ssl_options");
	write_options(&conf, "management.ssl");
	support_node_start_with(&node, ",rabbitmq_auth_mechanism_ssl", conf.data);
	buf_finish(&conf);
	ports[NO_TLS] = node.port;
}

/* Starts all of them in one call, because each call takes seconds. */
static void start_more_listeners(void)
{
	struct buf call = {0};
	buf_append_text(&call, "eval '");
	for (int i = MUTUAL + 1; i < LISTENERS; i++) {
		cleanup_free char *file = xprintf("%s/%s", certificates, listeners[i].certificate);
		ports[i] = support_free_port();
		buf_printf(
		    &call,
		    "ok = rabbit_networking:start_ssl_listener({\"127.0.0.1\",%d},"
		    "[{cacertfile,\"%s/ca.pem\"},{certfile,\"%s.pem\"},{keyfile,\"%s.key\"}%s],4),",
		    ports[i], certificates, file, file, listeners[i].options);
	}
	buf_append_text(&call, "ok.'");
	support_node_ctl(&node, call.data);
	buf_finish(&call);
}

/* ---- what the programs are told ---- */

/* Returns the formatted text in static memory, eight at a time. */
static const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *fmt, ...)
{
	static char texts[8][512];
	static unsigned next;
	char *out = texts[next++ % 8];
	va_list args;
	va_start(args, fmt);
	vsnprintf(out, sizeof texts[0], fmt, args);
	va_end(args);
	return out;
}

static const char *file(const char *name)
{
	return name ? text("%s/%s", certificates, name) : "";
}

/* Sets the names of the files. NULL means not set. */
static void use(const char *ca, const char *cert, const char *key)
{
	setenv("WARREN_TLS_CA", file(ca), 1);
	setenv("WARREN_TLS_CERT", file(cert), 1);
	setenv("WARREN_TLS_KEY", file(key), 1);
}

static const char *url_of(const char *scheme, const char *host, enum listener l)
{
	return text("%s://%s:%d/", scheme, host, ports[l]);
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* Checks that a job goes from one program to the other and its answer back, all over that URL. */
static void assert_job_travels(const char *url)
{
	const char *q = support_queue(node.url);
	struct process w = support_worker(url, "-q", q, "--", "cat");
	support_wait_log(&w, "consuming from");
	struct result r =
	    support_producer(url, NULL, "send", "t", "\"hello\"", "-q", q, "--wait=30s");
	if (r.code != 0 || !strstr(r.out, "\"hello\""))
		ck_abort_msg("exit %d: %s%s", r.code, r.out, r.err);
	support_result_free(&r);
	ck_assert_int_eq(support_terminate(&w), 0);
}

/* ---- what works ---- */

static const struct {
	enum listener listener;
	const char *host, *cert, *key;
} good[] = {
    {MUTUAL, "localhost", "client.pem", "client.key"},
    {MUTUAL, "127.0.0.1", "both.pem", NULL},
    {MUTUAL_12, "localhost", "client.pem", "client.key"},
    {PLAIN_CLIENT, "localhost", NULL, NULL},
    {PLAIN_CLIENT, "localhost", "client.pem", "client.key"},
};

START_TEST(a_job_travels_over_tls)
{
	use("ca.pem", good[_i].cert, good[_i].key);
	assert_job_travels(url_of("amqps", good[_i].host, good[_i].listener));
}
END_TEST

/* ---- what is refused ---- */

enum { UNAVAILABLE = 69, AUTH = 77, CONFIG = 78 };

static const struct {
	enum listener listener;
	const char *ca, *cert, *key;
	int code;
	const char *words[2];
} refused[] = {
    /* the broker's certificate, refused by us */
    {MUTUAL,
     "other-ca.pem",
     "client.pem",
     "client.key",
     AUTH,
     {"self-signed certificate in", "is not in tls_ca"}},
    {MUTUAL, NULL, "client.pem", "client.key", AUTH, {"self-signed certificate in", "set tls_ca"}},
    {SELF,
     "ca.pem",
     NULL,
     NULL,
     AUTH,
     {"(CN=localhost) is not trusted: self-signed certificate;", "tls_ca"}},
    {OTHER_NAME,
     "ca.pem",
     NULL,
     NULL,
     AUTH,
     {"not for 'localhost' but for broker.example, two.example", "URL"}},
    /* a CN does not count, because it may be a user's in a client certificate of the same CA */
    {NO_NAME,
     "ca.pem",
     NULL,
     NULL,
     AUTH,
     {"not for 'localhost' but for IP Address:127.0.0.1", "URL"}},
    {EXPIRED, "ca.pem", NULL, NULL, AUTH, {"valid until", "has expired; renew it on the broker"}},
    /*
     * our certificate, refused by the broker; over TLS 1.3 it may end the connection without a word
     */
    {MUTUAL,
     "ca.pem",
     NULL,
     NULL,
     AUTH,
     {"wants a client certificate (", "set tls_cert and tls_key"}},
    {MUTUAL,
     "ca.pem",
     "client-expired.pem",
     "client-expired.key",
     AUTH,
     {"refused tls_cert", "it expired "}},
    {MUTUAL,
     "ca.pem",
     "client-foreign.pem",
     "client-foreign.key",
     AUTH,
     {"refused tls_cert", "client-foreign"}},
    {MUTUAL_12,
     "ca.pem",
     NULL,
     NULL,
     AUTH,
     {"wants a client certificate (handshake failure)", "set tls_cert"}},
    {MUTUAL_12,
     "ca.pem",
     "client-expired.pem",
     "client-expired.key",
     AUTH,
     {"(certificate expired)", "it expired"}},
    {MUTUAL_12,
     "ca.pem",
     "client-foreign.pem",
     "client-foreign.key",
     AUTH,
     {"does not know the CA", "tls_cert"}},
    /* wrong files */
    {MUTUAL,
     "ca.pem",
     "client.pem",
     "renewed.key",
     CONFIG,
     {"renewed.key' is not the one of tls_cert", "client.pem"}},
    {MUTUAL, "ca.pem", "client.pem", "no-such.key", CONFIG, {"tls_key", "No such file"}},
    {MUTUAL, "ca.pem", "no-such.pem", "client.key", CONFIG, {"tls_cert", "No such file"}},
    {MUTUAL, "no-such.pem", "client.pem", "client.key", CONFIG, {"tls_ca", "No such file"}},
    {MUTUAL,
     "nonsense.pem",
     "client.pem",
     "client.key",
     CONFIG,
     {"tls_ca", "no certificates in PEM form"}},
    {MUTUAL,
     "ca.pem",
     "nonsense.pem",
     "client.key",
     CONFIG,
     {"tls_cert", "no certificate in PEM form"}},
    {MUTUAL,
     "ca.pem",
     "client.pem",
     "nonsense.pem",
     CONFIG,
     {"tls_key", "no private key in PEM form"}},
    {MUTUAL, "ca.pem", "client.pem", NULL, CONFIG, {"no private key", "set tls_key"}},
    {MUTUAL, "ca.pem", NULL, "client.key", CONFIG, {"tls_key is set", "tls_cert is not"}},
    {MUTUAL,
     "ca.pem",
     "client.pem",
     "open.key",
     CONFIG,
     {"open.key' is open to others", "chmod 600"}},
    {MUTUAL,
     "ca.pem",
     "client.pem",
     "locked.key",
     CONFIG,
     {"locked by a passphrase", "openssl pkey -in"}},
    /* no TLS, or an old one */
    {OLD_TLS, "ca.pem", NULL, NULL, CONFIG, {"offers no TLS 1.2 or later", "localhost"}},
    {NO_TLS, "ca.pem", NULL, NULL, CONFIG, {"is not TLS", "5671"}},
};

static void assert_refused(const struct result *r, int code, const char *first, const char *second)
{
	if (r->code != code || !strstr(r->err, first) || !strstr(r->err, second))
		ck_abort_msg("exit %d, not %d with '%s' and '%s': %s", r->code, code, first, second,
		             r->err);
}

START_TEST(what_is_wrong_is_refused_with_one_line_that_says_so)
{
	cleanup_free char *url = xstrdup(url_of("amqps", "localhost", refused[_i].listener));
	use(refused[_i].ca, refused[_i].cert, refused[_i].key);
	struct result r = support_producer(url, NULL, "send", "t", "1", "-q", "mail");
	assert_refused(&r, refused[_i].code, refused[_i].words[0], refused[_i].words[1]);
	ck_assert_msg(lines_of(r.err) == 1, "%s", r.err);
	support_result_free(&r);
	r = support_run(url, NULL,
	                (const char *const[]){getenv("WARREN_WORKER"), "run", "-q", "mail", "--",
	                                      "true", NULL});
	assert_refused(&r, refused[_i].code, refused[_i].words[0], refused[_i].words[1]);
	ck_assert_ptr_null(strstr(r.err, "warren-producer setup")); /* a setup would mend nothing */
	support_result_free(&r);
}
END_TEST

/* Anything may close a connection before its first word, so the worker goes on trying. */
START_TEST(no_tls_where_the_broker_wants_it_is_told)
{
	cleanup_free char *url = xstrdup(url_of("amqp", "localhost", MUTUAL));
	struct result r = support_producer(url, NULL, "send", "t", "1", "-q", "mail");
	assert_refused(&r, UNAVAILABLE, "before the broker's greeting",
	               "a TLS port wants amqps://");
	support_result_free(&r);
	struct process w = support_worker(url, "-q", "mail", "--", "true");
	support_wait_log(&w, "a TLS port wants amqps://");
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

START_TEST(an_ip_address_must_be_in_the_certificate)
{
	use("ca.pem", NULL, NULL);
	struct result r = support_producer(url_of("amqps", "127.0.0.1", OTHER_NAME), NULL, "ping");
	assert_refused(&r, AUTH, "not for '127.0.0.1' but for broker.example",
	               "name of the certificate");
	support_result_free(&r);
}
END_TEST

START_TEST(a_node_with_a_bad_certificate_does_not_keep_a_worker_from_the_next)
{
	const char *q = support_queue(node.url);
	use("ca.pem", NULL, NULL);
	cleanup_free char *urls = xprintf("%s,%s", url_of("amqps", "localhost", EXPIRED),
	                                  url_of("amqps", "localhost", PLAIN_CLIENT));
	struct process w = support_worker(urls, "-q", q, "--", "true");
	support_wait_log(&w, "consuming from");
	ck_assert(support_log_has(&w, "has expired"));
	ck_assert_int_eq(support_terminate(&w), 0);
}
END_TEST

/* ---- the management API ---- */

START_TEST(the_management_api_is_verified_too)
{
	cleanup_free char *mgmt = xprintf("https://localhost:%d", https_port);
	cleanup_free char *url = xstrdup(url_of("amqps", "localhost", PLAIN_CLIENT));
	use("ca.pem", NULL, NULL);
	struct result r = support_producer(url, NULL, "queue", "list", "--mgmt-url", mgmt);
	ck_assert_msg(r.code == 0, "%s", r.err);
	support_result_free(&r);
	use("other-ca.pem", NULL, NULL);
	r = support_producer(url, NULL, "queue", "list", "--mgmt-url", mgmt);
	assert_refused(&r, AUTH, "management API", "certificate");
	support_result_free(&r);
}
END_TEST

/* ---- the certificate as the user ---- */

/* The users are made as docs/operations.md says, by the script with rabbitmqctl. */
static void make_users(const char *q)
{
	cleanup_free char *ctl =
	    xprintf("RABBITMQCTL='%s/scripts/broker.sh ctl %s'", getenv("WARREN_SOURCE"), node.dir);
	cleanup_free char *command = xprintf(
	    "%s '%s/scripts/users.sh' --external producer=tls-sender:%s worker=tls-worker:%s "
	    "worker=tls-renewed:%s >/dev/null",
	    ctl, getenv("WARREN_SOURCE"), q, q, q);
	ck_assert_int_eq(system(command), 0);
}

static void send_as(const char *name, const char *url, const char *q, int code, const char *words)
{
	cleanup_free char *cert = xprintf("%s.pem", name), *key = xprintf("%s.key", name);
	use("ca.pem", cert, key);
	struct result r = support_producer(url, NULL, "send", "t", "1", "-q", q);
	if (r.code != code || (words && !strstr(r.err, words)))
		ck_abort_msg("exit %d: %s", r.code, r.err);
	support_result_free(&r);
}

static void install(const char *cert, const char *key)
{
	cleanup_free char *command =
	    xprintf("cd '%s' && cp %s own.pem && cp %s own.key", certificates, cert, key);
	ck_assert_int_eq(system(command), 0);
}

static bool is_connected_as(const char *user)
{
	cleanup_free char *command = xprintf(
	    "curl -sf '%s/api/connections' | grep -q '\"user\":\"%s\"'", node.mgmt_url, user);
	return system(command) == 0;
}

/*
 * Checks that a running worker reads its files anew for each connection, and that nothing in them
 * ends it.
 */
static void assert_renewal(const char *url, const char *q, const char *done)
{
	const char *script = support_script("done.sh", "echo x >>\"$DONE\"");
	setenv("DONE", done, 1);
	install("client.pem", "client.key");
	use("ca.pem", "own.pem", "own.key");
	struct process w = support_worker(url, "-q", q, "--name", "renewing", "--", script);
	support_wait_lines(done, 1);
	support_wait(is_connected_as("tls-worker"), "the worker among the connections");
	install("client.pem", "renewed.key");
	ck_assert_int_gt(support_close_connections(node.mgmt_url, "renewing"), 0);
	support_wait_log(&w, "is not the one of tls_cert");
	install("renewed.pem", "renewed.key");
	support_wait(is_connected_as("tls-renewed"), "the worker as its new certificate says");
	send_as("sender", url, q, 0, NULL);
	support_wait_lines(done, 2);
	ck_assert_int_eq(support_terminate(&w), 0);
}

START_TEST(the_certificate_is_the_user_and_may_be_renewed_under_a_running_worker)
{
	cleanup_free char *q = xstrdup(support_queue(node.url)),
	                  *other = xstrdup(support_queue(node.url));
	cleanup_free char *url = xstrdup(url_of("amqps", "localhost", MUTUAL));
	make_users(q);
	setenv("WARREN_SASL_EXTERNAL", "true", 1);
	send_as("sender", url, q, 0, NULL);
	send_as("sender", url, other, AUTH, "ACCESS_REFUSED");
	send_as("nobody", url, q, AUTH, "nobody.pem' names (sasl_external): login");
	send_as("sender", url_of("amqp", "localhost", NO_TLS), q, CONFIG,
	        "it takes an amqps:// URL and tls_cert");
	assert_renewal(url, q, support_path("done"));
}
END_TEST

static Suite *tls_suite(void)
{
	Suite *s = suite_create("tls");
	TCase *c = tcase_create("tls");
	tcase_set_timeout(c, 180);
	tcase_add_loop_test(c, a_job_travels_over_tls, 0, (int)(sizeof good / sizeof *good));
	tcase_add_loop_test(c, what_is_wrong_is_refused_with_one_line_that_says_so, 0,
	                    (int)(sizeof refused / sizeof *refused));
	tcase_add_test(c, no_tls_where_the_broker_wants_it_is_told);
	tcase_add_test(c, an_ip_address_must_be_in_the_certificate);
	tcase_add_test(c, a_node_with_a_bad_certificate_does_not_keep_a_worker_from_the_next);
	tcase_add_test(c, the_management_api_is_verified_too);
	tcase_add_test(c, the_certificate_is_the_user_and_may_be_renewed_under_a_running_worker);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	make_certificates();
	start_node();
	start_more_listeners();
	setenv("WARREN_TEST_AMQP_URL", node.url, 1);
	setenv("WARREN_TEST_MGMT_URL", node.mgmt_url, 1);
	return support_main(tls_suite());
}
