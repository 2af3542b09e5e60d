/* SPDX-License-Identifier: Apache-2.0 */
/*
 * warren-plugin-host, the process that a plugin runs in, is the other end of
 * worker/handlers/protocol.h. Jobs come in by descriptor 3, replies go out by 4. It runs one job
 * after the other, all blocking. It is a program of its own with as few libraries as possible,
 * because the first job of a worker waits for its start.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/base/base64.h"
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/memory.h"
#include "common/job/scan.h"
#include "include/warren/plugin.h"
#include "worker/plugin_host/replies.h"

enum { IN = 3, OUT = 4, CHUNK = 64 * 1024, AHEAD_MAX = 1000, SHORT_US = 1000 };

/* The cost of jobs. Asking the kernel takes as long as a short job, so it is asked about long ones
 * only. */
struct spent {
	struct rusage asked;   /* at the last question */
	int64_t since_us;      /* when the job in hand began */
	int64_t short_ones_us; /* time of the jobs since the last question */
	char usage[128];       /* what a reply says of a short job */
};

struct host {
	const struct warren_plugin *plugin;
	void *state;
	struct buf in;  /* read and not used yet, from the line in hand on */
	size_t used;    /* up to the end of the line in hand */
	bool ended;     /* end of input */
	struct buf out; /* the reply */
	struct spent spent;

	char id[256];           /* of the job in hand */
	bool cancelled, looked; /* in what was read before it began */
	struct buf result, error;
	int64_t after_ms;
};

/* ---- what jobs cost ---- */

static int64_t microseconds(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void ask_usage(struct spent *s)
{
	getrusage(RUSAGE_SELF, &s->asked);
	s->short_ones_us = 0;
	snprintf(s->usage, sizeof s->usage,
	         ",\"usage\":{\"cpu_user_us\":0,\"cpu_system_us\":0,\"max_rss_kib\":%ld}}\n",
	         s->asked.ru_maxrss);
}

static bool was_short(struct spent *s, struct buf *out)
{
	int64_t at_us = now_us(), took_us = at_us - s->since_us;
	s->since_us = at_us;
	if (took_us >= SHORT_US) {
		const struct rusage before = s->asked;
		ask_usage(s);
		int64_t user_us = microseconds(s->asked.ru_utime) - microseconds(before.ru_utime) -
		                  s->short_ones_us;
		buf_printf(
		    out,
		    ",\"usage\":{\"cpu_user_us\":%lld,\"cpu_system_us\":%lld,\"max_rss_kib\":%ld}}"
		    "\n",
		    (long long)(user_us > 0 ? user_us : 0),
		    (long long)(microseconds(s->asked.ru_stime) - microseconds(before.ru_stime)),
		    s->asked.ru_maxrss);
		return false;
	}
	s->short_ones_us += took_us;
	buf_append_text(out, s->usage);
	return true;
}

/* ---- lines ---- */

static void fill(struct host *h)
{
	char chunk[CHUNK];
	ssize_t n = read(IN, chunk, sizeof chunk);
	if (n > 0)
		buf_append(&h->in, chunk, (size_t)n);
	else if (n == 0 || errno != EINTR)
		h->ended = true;
}

static void drop_used(struct host *h)
{
	if (h->used == 0)
		return;
	memmove(h->in.data, h->in.data + h->used, h->in.len - h->used);
	h->in.len -= h->used;
	h->used = 0;
}

/* Returns the next line, borrowed until the next call, or NULL at the end of input. */
static char *next_line(struct host *h, size_t *len)
{
	char *end;
	while (!(end = h->in.len > h->used ? memchr(h->in.data + h->used, '\n', h->in.len - h->used)
	                                   : NULL)) {
		if (h->ended)
			return NULL;
		drop_used(h);
		fill(h);
		h->spent.since_us = now_us();
	}
	char *line = h->in.data + h->used;
	*end = 0;
	*len = (size_t)(end - line);
	h->used += *len + 1;
	return line;
}

/* ---- requests ---- */

struct request {
	struct buf head, id, type, queue, deadline, number, args, document;
	struct warren_job job;
};

/* Jobs are read into it one after the other, so that its memory is used again. */
static void request_clear(struct request *r)
{
	buf_clear(&r->head);
	buf_clear(&r->id);
	buf_clear(&r->type);
	buf_clear(&r->queue);
	buf_clear(&r->deadline);
	buf_clear(&r->args);
	buf_clear(&r->document);
	r->job = (struct warren_job){0};
}

static void request_finish(struct request *r)
{
	buf_finish(&r->head);
	buf_finish(&r->id);
	buf_finish(&r->type);
	buf_finish(&r->queue);
	buf_finish(&r->deadline);
	buf_finish(&r->number);
	buf_finish(&r->args);
	buf_finish(&r->document);
}

static const char *text_of(const struct buf *b)
{
	return b->data ? b->data : "";
}

static bool take_text(struct scan_value v, struct buf *out)
{
	buf_clear(out);
	return v.kind == SCAN_STRING ? scan_unescape(v.text, out)
	                             : buf_append(out, v.text.at, v.text.len);
}

static unsigned take_number(struct request *r, struct scan_value v)
{
	return take_text(v, &r->number) ? (unsigned)strtoul(r->number.data, NULL, 10) : 1;
}

static bool take_body(struct request *r, struct scan_value v)
{
	return take_text(v, &r->document) &&
	       base64_decode(&r->args, (struct span){r->document.data, r->document.len});
}

static bool read_head_member(struct request *r, const struct scan_member *m)
{
	struct buf *const texts[] = {&r->id, &r->type, &r->queue, &r->deadline};
	static const char *const keys[] = {"\"id\"", "\"type\"", "\"queue\"", "\"deadline\""};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (span_equals(m->key, keys[i]))
			return take_text(m->value, texts[i]);
	if (span_equals(m->key, "\"attempt\""))
		r->job.attempt = take_number(r, m->value);
	else if (span_equals(m->key, "\"max_attempts\""))
		r->job.max_attempts = take_number(r, m->value);
	else if (span_equals(m->key, "\"body_b64\""))
		return take_body(r, m->value);
	return true;
}

static bool read_head(struct request *r, struct span head)
{
	struct scan_value value;
	struct scan_error err;
	struct scan_member m;
	size_t at = 0;
	if (!scan_text(head, &value, &err) || value.kind != SCAN_OBJECT)
		return false;
	while (scan_next_member(value, &at, &m))
		if (!read_head_member(r, &m))
			return false;
	return r->id.len > 0 && r->type.len > 0;
}

static bool read_document(struct request *r, struct span document)
{
	struct scan_value value;
	struct scan_error err;
	struct scan_member m;
	size_t at = 0;
	struct span args = span_of("null");
	if (!scan_text(document, &value, &err))
		return false;
	while (value.kind == SCAN_OBJECT && scan_next_member(value, &at, &m))
		if (span_equals(m.key, "\"args\""))
			args = m.value.text;
	buf_append(&r->document, document.at, document.len);
	buf_append(&r->args, args.at, args.len);
	r->job.document = r->document.data;
	r->job.document_len = r->document.len;
	return true;
}

/*
 * Reads the head of the line and the document in it apart, because together they would be one level
 * deeper than a document may be. Only ids and names stand before "job", so the text is not found
 * there.
 */
static bool read_request(struct request *r, const char *line, size_t len)
{
	static const char word[] = ",\"job\":";
	const char *at = memmem(line, len, word, sizeof word - 1);
	size_t from = at ? (size_t)(at - line) + sizeof word - 1 : len;
	buf_append(&r->head, line, at ? (size_t)(at - line) : len);
	if (at)
		buf_append_text(&r->head, "}");
	r->job.attempt = r->job.max_attempts = 1;
	bool ok = read_head(r, (struct span){r->head.data, r->head.len}) &&
	          (!at || read_document(r, (struct span){line + from, len - from - 1}));
	r->job.size = sizeof r->job;
	r->job.id = text_of(&r->id);
	r->job.type = text_of(&r->type);
	r->job.queue = text_of(&r->queue);
	r->job.deadline = text_of(&r->deadline);
	r->job.args = text_of(&r->args);
	r->job.args_len = r->args.len;
	return ok;
}

/* ---- what the plugin calls ---- */

static struct host *host_of(const struct warren_host *w)
{
	return w->context;
}

static void host_result(const struct warren_host *w, const char *json, size_t len)
{
	struct buf *result = &host_of(w)->result;
	struct scan_value value;
	struct scan_error err;
	buf_clear(result);
	if (!scan_text((struct span){json, len}, &value, &err)) {
		buf_append_json_string(result, json, len);
		return;
	}
	buf_append(result, value.text.at, value.text.len);
	for (size_t i = 0; i < result->len; i++)
		if (result->data[i] == '\n' || result->data[i] == '\r')
			result->data[i] = ' ';
}

static void host_error(const struct warren_host *w, const char *text)
{
	struct buf *error = &host_of(w)->error;
	buf_clear(error);
	buf_append_text(error, text ? text : "");
}

static void host_after(const struct warren_host *w, int64_t ms)
{
	host_of(w)->after_ms = ms;
}

static void host_progress(const struct warren_host *w, int percent, const char *note)
{
	struct buf line = {0};
	buf_printf(&line, "{\"progress\":\"%s\"", host_of(w)->id);
	if (percent >= 0)
		buf_printf(&line, ",\"percent\":%d", percent);
	if (note) {
		buf_append_text(&line, ",\"note\":");
		buf_append_json_string(&line, note, strlen(note));
	}
	buf_append_text(&line, "}\n");
	replies_add(&line, false);
	buf_finish(&line);
}

static bool has_cancel(const struct host *h)
{
	char word[300];
	int len = snprintf(word, sizeof word, "{\"cancel\":\"%s\"", h->id);
	return h->in.len > h->used &&
	       memmem(h->in.data + h->used, h->in.len - h->used, word, (size_t)len);
}

/* The cancel may have been read together with an earlier line. */
static int host_cancelled(const struct warren_host *w)
{
	struct host *h = host_of(w);
	struct pollfd p = {.fd = IN, .events = POLLIN};
	if (!h->looked)
		h->cancelled = has_cancel(h);
	h->looked = true;
	if (h->cancelled || h->ended)
		return 1;
	if (poll(&p, 1, 0) != 1)
		return 0;
	fill(h);
	h->cancelled = has_cancel(h);
	return h->cancelled || h->ended;
}

/* ---- jobs ---- */

/* Returns true when the job was a short one. */
static bool append_reply(struct host *h, enum warren_verdict v)
{
	static const char *const words[] = {"ok", "retry", "snooze", "dead"};
	struct buf *out = &h->out;
	buf_clear(out);
	buf_append_text(out, "{\"");
	buf_append_text(out, words[v >= WARREN_OK && v <= WARREN_DEAD ? v : WARREN_RETRY]);
	buf_append_text(out, "\":\"");
	buf_append_text(out, h->id);
	buf_append_text(out, "\"");
	if (v == WARREN_OK && h->result.len > 0) {
		buf_append_text(out, ",\"result\":");
		buf_append(out, h->result.data, h->result.len);
	}
	if (v != WARREN_OK && h->error.len > 0) {
		buf_append_text(out, ",\"error\":");
		buf_append_json_string(out, h->error.data, h->error.len);
	}
	if (h->after_ms >= 0)
		buf_printf(out, ",\"after_ms\":%lld", (long long)h->after_ms);
	return was_short(&h->spent, out);
}

static bool more_to_do(const struct host *h)
{
	return h->in.len > h->used && memchr(h->in.data + h->used, '\n', h->in.len - h->used);
}

static bool run_job(struct host *h, const struct warren_job *job)
{
	const struct warren_host calls = {.size = sizeof calls,
	                                  .context = h,
	                                  .result = host_result,
	                                  .error = host_error,
	                                  .after_ms = host_after,
	                                  .progress = host_progress,
	                                  .cancelled = host_cancelled};
	snprintf(h->id, sizeof h->id, "%s", job->id);
	h->cancelled = h->looked = false;
	h->after_ms = -1;
	buf_clear(&h->result);
	buf_clear(&h->error);
	enum warren_verdict v = h->plugin->run(h->state, job, &calls);
	fflush(stdout);
	bool short_one = append_reply(h, v);
	return replies_add(&h->out, short_one && more_to_do(h));
}

static bool announce(struct host *h)
{
	buf_clear(&h->out);
	buf_printf(&h->out, "{\"ready\":%d,\"in_turn\":true}\n", AHEAD_MAX);
	return replies_add(&h->out, false);
}

static int serve(struct host *h)
{
	char *line;
	size_t len;
	struct request r = {0};
	bool ok = announce(h);
	ask_usage(&h->spent);
	while (ok && (line = next_line(h, &len))) {
		request_clear(&r);
		bool is_cancel = strncmp(line, "{\"cancel\"", 9) == 0; /* of a job that has ended */
		ok = is_cancel || (read_request(&r, line, len) && run_job(h, &r.job));
	}
	request_finish(&r);
	if (ok)
		return 0;
	fprintf(
	    stderr,
	    "warren-plugin-host: it read a line that is no request, or nobody reads its replies\n");
	return ERROR_BUG;
}

/* ---- the process ---- */

static const struct warren_plugin *load(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct warren_plugin *p = object ? dlsym(object, WARREN_PLUGIN_SYMBOL) : NULL;
	if (!p)
		fprintf(stderr, "plugin '%s': %s\n", path, dlerror());
	else if (p->size < offsetof(struct warren_plugin, run) + sizeof p->run || !p->run)
		fprintf(stderr, "plugin '%s': %s.size or .run is not set\n", path,
		        WARREN_PLUGIN_SYMBOL);
	else
		return p;
	return NULL;
}

static bool has_close(const struct warren_plugin *p)
{
	return p->size >= sizeof *p && p->close;
}

int main(int argc, char **argv)
{
	struct host h = {0};
	char error[300] = "";
	bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
	if (argc != 2 && !check) {
		fprintf(stderr, "warren-plugin-host is started by warren-worker, for a handler "
		                "plugin:/path/to.so\n");
		return ERROR_USAGE;
	}
	prctl(PR_SET_NAME, "warren-plugin");
	setvbuf(stdout, NULL, _IOLBF, 0);
	h.plugin = load(argv[argc - 1]);
	if (!h.plugin)
		return ERROR_CONFIG;
	if (check)
		return 0;
	if (h.plugin->open && h.plugin->open(&h.state, error, sizeof error) != 0) {
		fprintf(stderr, "plugin '%s' cannot work here: %s\n", argv[argc - 1], error);
		return ERROR_CONFIG;
	}
	replies_begin(OUT);
	int code = serve(&h);
	if (has_close(h.plugin))
		h.plugin->close(h.state);
	buf_finish(&h.in);
	buf_finish(&h.out);
	buf_finish(&h.result);
	buf_finish(&h.error);
	return code;
}
