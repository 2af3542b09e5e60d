/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/support.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/memory.h"

int64_t support_now(void)
{
	return clock_monotonic_ms();
}

void support_pause(void)
{
	poll(NULL, 0, 20);
}

/* ---- files ---- */

static char folder[128];
static pid_t folder_owner;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(void)
{
	if (folder[0] && folder_owner == getpid())
		nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/*
 * Check runs each test in a child process. Each has a folder of its own inside the parent's, which
 * is removed even if the child aborted.
 */
const char *support_dir(void)
{
	if (folder[0] && folder_owner == getpid())
		return folder;
	char base[sizeof folder];
	const char *outer = folder[0] ? folder : getenv("TMPDIR");
	snprintf(base, sizeof base, "%.100s", outer ? outer : "/tmp");
	snprintf(folder, sizeof folder, "%.100s/warren-XXXXXX", base);
	if (!mkdtemp(
	        folder)) /* ck_assert works only inside tests, and this may come before the first */
		abort();
	folder_owner = getpid();
	atexit(remove_folder);
	return folder;
}

/*
 * Paths stay valid for the whole test, because a test holds several while it starts programs, which
 * take some too.
 */
const char *support_path(const char *name)
{
	enum { PATHS = 4096 };
	static char *paths[PATHS];
	static size_t count;
	if (count == PATHS)
		abort();
	return paths[count++] = xprintf("%s/%.100s", support_dir(), name);
}

const char *support_script(const char *name, const char *body)
{
	const char *path = support_path(name);
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\n%s\n", body);
	fclose(f);
	chmod(path, 0755);
	return path;
}

static char *read_whole(const char *path)
{
	struct buf b = {0};
	char chunk[4096];
	size_t n;
	FILE *f = fopen(path, "re");
	while (f && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_append(&b, chunk, n);
	if (f)
		fclose(f);
	return buf_steal(&b, NULL);
}

size_t support_lines(const char *path)
{
	cleanup_free char *text = read_whole(path);
	size_t lines = 0;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	return lines;
}

void support_wait_lines(const char *path, size_t count)
{
	support_wait(support_lines(path) >= count, "lines in a file");
}

size_t support_lines_with(const char *path, const char *part)
{
	char line[2048];
	size_t n = 0;
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		n += strstr(line, part) != NULL;
	if (f)
		fclose(f);
	return n;
}

static size_t distinct(const char *path)
{
	cleanup_free char *command = xprintf("sort -u '%s' 2>/dev/null | wc -l", path);
	FILE *f = popen(command, "re");
	size_t n = 0;
	ck_assert(f && fscanf(f, "%zu", &n) == 1);
	pclose(f);
	return n;
}

void support_wait_distinct(const char *path, size_t count)
{
	/* Each step has the usual deadline, because many jobs may take longer than one. */
	enum { STEP = 100 };
	for (size_t n = count % STEP ? count % STEP : STEP; n <= count; n += STEP)
		support_wait(distinct(path) >= n, "jobs to run");
}

/* ---- processes ---- */

static void in_child(const char *url, const char *const *argv, const char *home, int in, int out,
                     int err)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	setenv("AMQP_URL", url, 1);
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static int open_for(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static int decode_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int wait_pid(pid_t pid)
{
	int status = 0;
	support_wait(waitpid(pid, &status, WNOHANG) == pid, "the end of a process");
	return decode_status(status);
}

struct result support_run(const char *url, const char *input, const char *const *argv)
{
	static unsigned number;
	char name[64];
	support_dir();
	snprintf(name, sizeof name, "run-%u.in", ++number);
	const char *in_path = support_path(name);
	snprintf(name, sizeof name, "run-%u.out", number);
	const char *out_path = support_path(name);
	snprintf(name, sizeof name, "run-%u.err", number);
	const char *err_path = support_path(name);
	FILE *f = fopen(in_path, "we");
	fputs(input ? input : "", f);
	fclose(f);
	int in = open_for(in_path, O_RDONLY),
	    out = open_for(out_path, O_WRONLY | O_CREAT | O_TRUNC),
	    err = open_for(err_path, O_WRONLY | O_CREAT | O_TRUNC);
	const char *home = support_dir();
	pid_t pid = fork();
	if (pid == 0)
		in_child(url, argv, home, in, out, err);
	close(in);
	close(out);
	close(err);
	struct result r = {.code = wait_pid(pid)};
	r.out = read_whole(out_path);
	r.err = read_whole(err_path);
	return r;
}

void support_result_free(struct result *r)
{
	free(r->out);
	free(r->err);
}

struct process support_start(const char *url, const char *const *argv)
{
	static unsigned number;
	char name[64];
	struct process p;
	snprintf(name, sizeof name, "process-%u.log", ++number);
	snprintf(p.log, sizeof p.log, "%s", support_path(name));
	int in = open_for("/dev/null", O_RDONLY),
	    log = open_for(p.log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
	const char *home = support_dir();
	p.pid = fork();
	if (p.pid == 0)
		in_child(url, argv, home, in, log, log);
	close(in);
	close(log);
	return p;
}

bool support_log_has(const struct process *p, const char *text)
{
	cleanup_free char *log = read_whole(p->log);
	return strstr(log, text) != NULL;
}

void support_wait_log(const struct process *p, const char *text)
{
	int64_t until = support_now() + SUPPORT_MS;
	while (!support_log_has(p, text)) {
		if (support_now() > until) {
			cleanup_free char *log = read_whole(p->log);
			fprintf(stderr, "%s", log);
			ck_abort_msg("'%s' is not in the log on stderr", text);
		}
		support_pause();
	}
}

int support_wait_exit(struct process *p)
{
	int code = wait_pid(p->pid);
	p->pid = 0;
	return code;
}

int support_terminate(struct process *p)
{
	kill(p->pid, SIGTERM);
	return support_wait_exit(p);
}

/* ---- brokers ---- */

static bool port_free(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
	struct sockaddr_in a = {.sin_family = AF_INET,
	                        .sin_port = htons((uint16_t)port),
	                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	bool ok = bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
	close(fd);
	return ok;
}

int support_free_port(void)
{
	static int next;
	for (int tries = 0; tries < 500; tries++) {
		int port = 12100 + (getpid() * 7 + next++ * 13) % 3500;
		if (port_free(port))
			return port;
	}
	ck_abort_msg("no free port");
}

/* A node takes four ports: AMQP, management (+5000), epmd (+10000), distribution (+20000). */
static int find_ports(void)
{
	static int next;
	for (int tries = 0; tries < 500; tries++) {
		int port = 10800 + (getpid() * 7 + next++ * 13) % 1200;
		if (port_free(port) && port_free(port + 5000) && port_free(port + 10000) &&
		    port_free(port + 20000))
			return port;
	}
	ck_abort_msg("no free ports");
}

static void stop_nodes(void);

static void broker_script(const struct node *n, const char *verb, const char *extra)
{
	cleanup_free char *command =
	    xprintf("BROKER_PLUGINS=rabbitmq_management%s BROKER_CONF='%s.conf' "
	            "'%s/scripts/broker.sh' %s '%s' %s >'%s.out' 2>&1",
	            n->plugins, n->dir, getenv("WARREN_SOURCE"), verb, n->dir, extra, n->dir);
	if (system(command) == 0)
		return;
	cleanup_free char *path = xprintf("%s.out", n->dir);
	cleanup_free char *out = read_whole(path);
	fprintf(stderr, "broker.sh %s: %s\n", verb, out);
	if (strcmp(verb, "stop") != 0)
		stop_nodes();
	exit(EXIT_FAILURE); /* this may come before the first test, where Check cannot abort */
}

void support_node_again(struct node *n)
{
	char port[16];
	snprintf(port, sizeof port, "%d", n->port);
	broker_script(n, "start", port);
}

void support_node_configure(const struct node *n, const char *settings)
{
	cleanup_free char *conf = xprintf("%s.conf", n->dir);
	FILE *f = fopen(conf, "we");
	fprintf(f, "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %d\n%s\n", n->mgmt_port,
	        settings);
	fclose(f);
}

void support_node_start(struct node *n)
{
	support_node_start_with(n, "", "");
}

void support_node_start_with(struct node *n, const char *plugins, const char *settings)
{
	static unsigned number;
	snprintf(n->plugins, sizeof n->plugins, "%s", plugins);
	n->port = find_ports();
	n->mgmt_port = n->port + 5000;
	snprintf(n->dir, sizeof n->dir, "%s/node-%u", support_dir(), ++number);
	snprintf(n->url, sizeof n->url, "amqp://guest:guest@127.0.0.1:%d", n->port);
	snprintf(n->mgmt_url, sizeof n->mgmt_url, "http://guest:guest@127.0.0.1:%d", n->mgmt_port);
	support_node_configure(n, settings);
	support_node_again(n);
}

void support_node_stop(struct node *n)
{
	broker_script(n, "stop", "");
}

void support_node_kill(struct node *n)
{
	broker_script(n, "kill", "");
}

void support_node_ctl(const struct node *n, const char *command)
{
	broker_script(n, "ctl", command);
}

static struct node shared;

static int stop_node(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	cleanup_free char *port = xprintf("%s/port", path);
	if (strncmp(path + ftw->base, "node-", 5) != 0 || access(port, F_OK) != 0)
		return 0;
	struct node n = {0};
	snprintf(n.dir, sizeof n.dir, "%s", path);
	support_node_stop(&n);
	return 0;
}

static void stop_nodes(void)
{
	nftw(support_dir(), stop_node, 16, FTW_PHYS);
}

const char *support_url(void)
{
	const char *given = getenv("WARREN_TEST_AMQP_URL");
	if (given)
		return given;
	if (!shared.port)
		support_node_start(&shared);
	return shared.url;
}

const char *support_mgmt_url(void)
{
	const char *given = getenv("WARREN_TEST_MGMT_URL");
	return given ? given : (support_url(), shared.mgmt_url);
}

/* ---- queues and messages ---- */

const char *support_queue(const char *url)
{
	static char name[64];
	static unsigned number;
	snprintf(name, sizeof name, "t-%d-%u-%lld", (int)getpid(), ++number,
	         (long long)clock_now_ms() % 1000000);
	struct result r = support_producer(url, NULL, "setup", name);
	if (r.code != 0)
		ck_abort_msg("setup: %s", r.err);
	support_result_free(&r);
	return name;
}

const char *support_amqp(const char *name, const char *suffix)
{
	static char names[4][256];
	static unsigned next;
	char *out = names[next++ % 4];
	snprintf(out, 256, "warren.v1.q.%.100s%.20s", name, suffix);
	return out;
}

struct broker *support_connect(const char *url)
{
	struct error err = {0};
	const struct broker_options o = {.urls = &url, .url_count = 1, .name = "test"};
	struct broker *b = broker_connect(&o, 0, &err);
	if (!b)
		ck_abort_msg("%s", err.text);
	return b;
}

bool support_server_is(const char *url, int major, int minor)
{
	struct broker *b = support_connect(url);
	bool is = broker_is_at_least(b, major, minor);
	broker_destroy(b, true);
	return is;
}

static void await_ack(struct broker *b)
{
	struct error err = {0};
	for (;;) {
		struct broker_event e;
		if (broker_read(b, SUPPORT_MS, &e, &err) < 0)
			ck_abort_msg("%s", err.text);
		if (e.kind == BROKER_ACKED)
			return;
		if (e.kind == BROKER_RETURNED)
			message_destroy(e.message);
		else
			ck_abort_msg("no confirm: event %d %s", e.kind, e.text);
	}
}

void support_publish(const char *url, const char *exchange, const char *key,
                     const struct message *m)
{
	struct error err = {0};
	struct broker *b = support_connect(url);
	if (broker_open_channel(b, 1, true, &err) < 0 ||
	    broker_publish(b, 1, exchange, key, m, NULL, &err) < 0)
		ck_abort_msg("%s", err.text);
	await_ack(b);
	broker_destroy(b, true);
}

void support_publish_text(const char *url, const char *queue_name, const char *body)
{
	struct message *m = message_create();
	message_set_body(m, body, strlen(body));
	support_publish(url, "warren.v1.jobs", support_amqp(queue_name, ""), m);
	message_destroy(m);
}

uint32_t support_depth(const char *url, const char *amqp_queue)
{
	struct error err = {0};
	uint32_t ready = 0;
	struct broker *b = support_connect(url);
	if (broker_open_channel(b, 1, false, &err) < 0 ||
	    broker_inspect_queue(b, 1, amqp_queue, &ready, NULL, &err) < 0)
		ck_abort_msg("%s", err.text);
	broker_destroy(b, true);
	return ready;
}

void support_wait_depth(const char *url, const char *amqp_queue, uint32_t depth)
{
	int64_t until = support_now() + SUPPORT_MS;
	uint32_t now;
	while ((now = support_depth(url, amqp_queue)) != depth) {
		if (support_now() > until)
			ck_abort_msg("%s holds %u messages, not %u", amqp_queue, now, depth);
		support_pause();
	}
}

struct message *support_take(const char *url, const char *amqp_queue)
{
	struct error err = {0};
	struct broker_event e = {0};
	struct broker *b = support_connect(url);
	if (broker_open_channel(b, 1, false, &err) < 0 ||
	    broker_consume(b, 1, amqp_queue, "take", 1, &err) < 0)
		ck_abort_msg("%s", err.text);
	if (broker_read(b, SUPPORT_MS, &e, &err) < 0 || e.kind != BROKER_DELIVERY)
		ck_abort_msg("no message in %s: %s", amqp_queue, err.text);
	broker_ack(b, 1, e.tag, false, &err);
	broker_destroy(b, true);
	return e.message;
}

int support_close_connections(const char *mgmt_url, const char *text)
{
	cleanup_free char *command =
	    xprintf("curl -sf '%s/api/connections' | python3 -c \"\n"
	            "import json,sys,urllib.parse\n"
	            "for c in json.load(sys.stdin):\n"
	            "  if '%s' in str(c.get('client_properties',{}).get('connection_name','')):\n"
	            "    print(urllib.parse.quote(c['name'],safe=''))\n"
	            "\" | while read -r n; do curl -sf -X DELETE \"%s/api/connections/$n\" && echo "
	            "closed; done | wc -l",
	            mgmt_url, text, mgmt_url);
	FILE *f = popen(command, "re");
	int closed = 0;
	if (!f || fscanf(f, "%d", &closed) != 1)
		closed = 0;
	if (f)
		pclose(f);
	return closed;
}

/* ---- main ---- */

int support_main(Suite *suite)
{
	support_dir();
	support_url(); /* one broker for all tests, started before Check forks */
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	stop_nodes();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
