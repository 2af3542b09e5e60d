/* SPDX-License-Identifier: Apache-2.0 */
/* The process that a plugin runs in: the other end of protocol.h. One job at a time, all blocking. */
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
#include <unistd.h>

#include "common/base64.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/memory.h"
#include "common/scan.h"
#include "include/warren/plugin.h"
#include "worker/handlers/plugin.h"

enum { IN = 3, OUT = 4, CHUNK = 64 * 1024 };

struct host {
	const struct warren_plugin *plugin;
	void *state;
	struct buf in; /* read and not used yet: the line in hand and what is behind it */
	size_t used;   /* of it, before the line in hand's end */
	bool ended;    /* end of input */

	char id[256]; /* of the job in hand */
	bool cancelled;
	struct buf result, error;
	int64_t after_ms;
};

/* ---- lines ---- */

static bool write_all(const struct buf *b)
{
	size_t at = 0;
	while (at < b->len) {
		ssize_t n = write(OUT, b->data + at, b->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static void fill(struct host *h)
{
	char chunk[CHUNK];
	ssize_t n = read(IN, chunk, sizeof chunk);
	if (n > 0)
		buf_append(&h->in, chunk, (size_t)n);
	else if (n == 0 || errno != EINTR)
		h->ended = true;
}

/* The next line, borrowed until the next call; NULL at the end of input. */
static char *next_line(struct host *h, size_t *len)
{
	if (h->used > 0) {
		memmove(h->in.data, h->in.data + h->used, h->in.len - h->used);
		h->in.len -= h->used;
		h->used = 0;
	}
	char *end;
	while (!(end = h->in.len ? memchr(h->in.data, '\n', h->in.len) : NULL)) {
		if (h->ended)
			return NULL;
		fill(h);
	}
	*end = 0;
	*len = (size_t)(end - h->in.data);
	h->used = *len + 1;
	return h->in.data;
}

/* ---- requests ---- */

static bool text_member(struct scan_value object, const char *key, struct buf *out)
{
	struct scan_member m;
	size_t at = 0;
	buf_clear(out);
	while (scan_next_member(object, &at, &m))
		if (span_equals(m.key, key))
			return m.value.kind == SCAN_STRING ? scan_unescape(m.value.text, out)
			                                   : buf_append(out, m.value.text.at, m.value.text.len);
	return false;
}

static bool find_member(struct scan_value object, const char *key, struct span *out)
{
	struct scan_member m;
	size_t at = 0;
	while (scan_next_member(object, &at, &m)) {
		if (!span_equals(m.key, key))
			continue;
		*out = m.value.text;
		return true;
	}
	return false;
}

struct request {
	struct buf id, type, queue, deadline, number, args, document;
	struct warren_job job;
};

static void request_finish(struct request *r)
{
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

/*
 * The head of the line and the document in it are read apart: together they would be one level deeper than a document
 * may be. What stands before "job" holds no such text, being ids and names.
 */
static bool read_document(struct request *r, struct span document)
{
	struct scan_value value;
	struct scan_error err;
	struct span args = span_of("null");
	if (!scan_text(document, &value, &err))
		return false;
	find_member(value, "\"args\"", &args);
	buf_append(&r->document, document.at, document.len);
	buf_append(&r->args, args.at, args.len);
	r->job.document = r->document.data;
	r->job.document_len = r->document.len;
	return true;
}

static bool read_body(struct request *r, struct scan_value head)
{
	struct buf text = {0};
	bool ok =
	    text_member(head, "\"body_b64\"", &text) && base64_decode(&r->args, (struct span){text.data, text.len});
	buf_finish(&text);
	return ok;
}

static unsigned number_member(struct request *r, struct scan_value head, const char *key)
{
	return text_member(head, key, &r->number) ? (unsigned)strtoul(r->number.data, NULL, 10) : 1;
}

static bool read_request(struct request *r, char *line, size_t len)
{
	static const char word[] = ",\"job\":";
	struct scan_value head;
	struct scan_error err;
	char *at = memmem(line, len, word, sizeof word - 1);
	struct buf text = {0};
	buf_append(&text, line, at ? (size_t)(at - line) : len);
	if (at)
		buf_append_text(&text, "}");
	bool ok = scan_text((struct span){text.data, text.len}, &head, &err) && head.kind == SCAN_OBJECT &&
	          text_member(head, "\"id\"", &r->id) && text_member(head, "\"type\"", &r->type) &&
	          text_member(head, "\"queue\"", &r->queue) && text_member(head, "\"deadline\"", &r->deadline);
	if (ok) {
		size_t from = at ? (size_t)(at - line) + sizeof word - 1 : 0;
		r->job.attempt = number_member(r, head, "\"attempt\"");
		r->job.max_attempts = number_member(r, head, "\"max_attempts\"");
		ok = at ? read_document(r, (struct span){line + from, len - from - 1}) : read_body(r, head);
	}
	buf_finish(&text);
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
	write_all(&line);
	buf_finish(&line);
}

static int host_cancelled(const struct warren_host *w)
{
	struct host *h = host_of(w);
	struct pollfd p = {.fd = IN, .events = POLLIN};
	if (h->cancelled || h->ended)
		return 1;
	if (poll(&p, 1, 0) != 1)
		return 0;
	fill(h);
	char word[300];
	int len = snprintf(word, sizeof word, "{\"cancel\":\"%s\"", h->id);
	h->cancelled = memmem(h->in.data + h->used, h->in.len - h->used, word, (size_t)len) != NULL;
	return h->cancelled || h->ended;
}

/* ---- jobs ---- */

static int64_t microseconds(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void append_reply(const struct host *h, enum warren_verdict v, const struct rusage *before, struct buf *out)
{
	static const char *const words[] = {"ok", "retry", "snooze", "dead"};
	struct rusage now;
	getrusage(RUSAGE_SELF, &now);
	buf_printf(out, "{\"%s\":\"%s\"", words[v >= WARREN_OK && v <= WARREN_DEAD ? v : WARREN_RETRY], h->id);
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
	buf_printf(out, ",\"usage\":{\"cpu_user_us\":%lld,\"cpu_system_us\":%lld,\"max_rss_kib\":%ld}}\n",
	           (long long)(microseconds(now.ru_utime) - microseconds(before->ru_utime)),
	           (long long)(microseconds(now.ru_stime) - microseconds(before->ru_stime)), now.ru_maxrss);
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
	struct rusage before;
	struct buf out = {0};
	snprintf(h->id, sizeof h->id, "%s", job->id);
	h->cancelled = false;
	h->after_ms = -1;
	buf_clear(&h->result);
	buf_clear(&h->error);
	getrusage(RUSAGE_SELF, &before);
	enum warren_verdict v = h->plugin->run(h->state, job, &calls);
	fflush(stdout);
	append_reply(h, v, &before, &out);
	bool ok = write_all(&out);
	buf_finish(&out);
	return ok;
}

static int serve(struct host *h)
{
	char *line;
	size_t len;
	while ((line = next_line(h, &len))) {
		struct request r = {0};
		bool is_cancel = strncmp(line, "{\"cancel\"", 9) == 0; /* of a job that has ended */
		bool ok = is_cancel || (read_request(&r, line, len) && run_job(h, &r.job));
		request_finish(&r);
		if (!ok) {
			fprintf(stderr, "plugin-host: a line that is no request, or nobody to answer\n");
			return ERROR_BUG;
		}
	}
	return 0;
}

/* ---- the process ---- */

static const struct warren_plugin *load(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct warren_plugin *p = object ? dlsym(object, WARREN_PLUGIN_SYMBOL) : NULL;
	if (!p)
		fprintf(stderr, "plugin '%s': %s\n", path, dlerror());
	else if (p->size < offsetof(struct warren_plugin, run) + sizeof p->run || !p->run)
		fprintf(stderr, "plugin '%s': %s.size or .run is not set\n", path, WARREN_PLUGIN_SYMBOL);
	else
		return p;
	return NULL;
}

static bool has_close(const struct warren_plugin *p)
{
	return p->size >= sizeof *p && p->close;
}

int plugin_host_main(int argc, char **argv)
{
	struct host h = {0};
	char error[300] = "";
	bool check = argc == 4 && strcmp(argv[2], "--check") == 0;
	if (argc != 3 && !check) {
		fprintf(stderr, "plugin-host is started by warren-worker\n");
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
	int code = serve(&h);
	if (has_close(h.plugin))
		h.plugin->close(h.state);
	buf_finish(&h.in);
	buf_finish(&h.result);
	buf_finish(&h.error);
	return code;
}
