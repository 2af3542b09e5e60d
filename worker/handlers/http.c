/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/job/box.h"
#include "common/base/clean.h"
#include "common/base/clock.h"
#include "common/http/curl.h"
#include "common/base/list.h"
#include "common/base/memory.h"
#include "worker/handlers/http_status.h"

enum {
	CONNECT_TIMEOUT_MS = 10000,
	BODY_SLACK =
	    1024 *
	    1024, /* so much more is read than is kept, so that the connection can be used again */
	IDLE_CONNECTIONS = 64,
	WORDS_SIZE = 301, /* of the body in the error */
};

struct http_handler {
	CURLM *multi;
	uv_timer_t timer; /* for libcurl */
	char *url;
	char *socket_path; /* NULL for TCP */
	struct list runs;  /* http_run::link: not reported yet */
};

/* A descriptor that libcurl wants to be watched. */
struct watch {
	uv_poll_t poll;
	struct handler *handler;
	curl_socket_t socket;
};

struct http_run {
	struct list link; /* http_handler::runs */
	struct handler *handler;
	struct run *run;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body; /* the beginning of the response */
	size_t body_len; /* of the whole response */
	bool cut;        /* the transfer was ended because it was too long */
	bool added;      /* to the multi handle */
	CURLcode result;
	int64_t started_ms;
	uv_timer_t later; /* done() never runs inside start or stop */
	char error[CURL_ERROR_SIZE];
};

static struct http_handler *http_of(const struct handler *h)
{
	return h->state;
}

/* ---- the end of an attempt ---- */

static void on_closed(uv_handle_t *handle)
{
	struct http_run *x = handle->data;
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	buf_finish(&x->body);
	handler_release(x->handler);
	free(x);
}

/* Takes the request out of libcurl. The run is its owner's again. */
static void let_go(struct http_run *x)
{
	list_remove(&x->link);
	if (x->added)
		curl_multi_remove_handle(http_of(x->handler)->multi, x->easy);
	x->added = false;
	x->run->state = NULL;
	uv_close((uv_handle_t *)&x->later, on_closed);
}

static void describe_status(const struct http_run *x, long status, struct run_report *r)
{
	char words[WORDS_SIZE];
	r->exit_code = (int)status;
	r->verdict = http_status_verdict(status);
	if (r->verdict == VERDICT_OK)
		return;
	curl_off_t after_s = 0;
	curl_easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &after_s);
	if (after_s > 0 && r->verdict == VERDICT_RETRY)
		r->after_ms = after_s < INT64_MAX / 1000 ? (int64_t)after_s * 1000 : INT64_MAX;
	clean_copy(words, sizeof words, (struct span){x->body.data, x->body.len});
	snprintf(r->error, sizeof r->error, "HTTP %ld%s%s%s", status,
	         status >= 300 && status <= 399 ? " (redirects are not followed)" : "",
	         *words ? ": " : "", words);
	r->error[strcspn(r->error, "\r\n")] = 0;
}

static void describe_failure(const struct http_run *x, struct run_report *r)
{
	const char *words = x->error[0] ? x->error : curl_easy_strerror(x->result);
	r->verdict = http_failure_verdict(x->result);
	snprintf(r->error, sizeof r->error, "%s: %s", http_of(x->run->handler)->url, words);
}

static void finish(uv_timer_t *later)
{
	struct http_run *x = later->data;
	long status = 0;
	struct run_report r = run_report_blank;
	let_go(x);
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	r.wall_ms = clock_monotonic_ms() - x->started_ms;
	if (status > 0 && (x->result == CURLE_OK || x->cut))
		describe_status(x, status, &r);
	else
		describe_failure(x, &r);
	const char *body = x->body.data ? x->body.data : "";
	size_t tail = x->body.len > BOX_STDERR_MAX ? BOX_STDERR_MAX : x->body.len;
	r.result = (struct span){body, x->body.len};
	r.result_truncated = x->body_len > x->body.len;
	if (r.verdict != VERDICT_OK)
		r.stderr_tail = (struct span){body, tail};
	x->run->done(x->run, &r);
}

static void end(struct http_run *x, CURLcode result)
{
	x->result = result;
	uv_timer_start(&x->later, finish, 0, 0);
}

/* ---- libcurl in the loop ---- */

static void take_results(struct handler *h)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(http_of(h)->multi, &left))) {
		struct http_run *x = NULL;
		if (m->msg == CURLMSG_DONE &&
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x) == CURLE_OK && x)
			end(x, m->data.result);
	}
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	const struct watch *w = poll->data;
	struct handler *h = w->handler;
	int running, flags = 0;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	if (status < 0)
		flags = CURL_CSELECT_ERR;
	curl_multi_socket_action(http_of(h)->multi, w->socket, flags, &running);
	take_results(h);
}

static void free_watch(uv_handle_t *poll)
{
	struct watch *w = poll->data;
	handler_release(w->handler);
	free(w);
}

static struct watch *make_watch(struct handler *h, curl_socket_t socket)
{
	struct watch *w = xcalloc(1, sizeof *w);
	w->handler = h;
	handler_hold(h);
	w->socket = socket;
	uv_poll_init_socket(h->loop, &w->poll, socket);
	w->poll.data = w;
	curl_multi_assign(http_of(h)->multi, socket, w);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *assigned)
{
	struct handler *h = data;
	struct watch *w = assigned;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w) {
			curl_multi_assign(http_of(h)->multi, socket, NULL);
			uv_poll_stop(&w->poll);
			uv_close((uv_handle_t *)&w->poll, free_watch);
		}
		return 0;
	}
	if (!w)
		w = make_watch(h, socket);
	int events =
	    (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	uv_poll_start(&w->poll, events, on_ready);
	return 0;
}

static void on_time(uv_timer_t *timer)
{
	struct handler *h = timer->data;
	int running;
	curl_multi_socket_action(http_of(h)->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	take_results(h);
}

static int on_timer_wanted(CURLM *multi, long ms, void *data)
{
	struct handler *h = data;
	(void)multi;
	if (ms < 0)
		uv_timer_stop(&http_of(h)->timer);
	else
		uv_timer_start(&http_of(h)->timer, on_time, (uint64_t)ms, 0);
	return 0;
}

/* ---- opening ---- */

static void on_timer_closed(uv_handle_t *timer)
{
	handler_release(timer->data);
}

static void http_close(struct handler *h)
{
	struct http_handler *x = http_of(h);
	while (!list_empty(&x->runs))
		let_go(list_item(x->runs.next, struct http_run, link));
	curl_multi_cleanup(x->multi);
	uv_close((uv_handle_t *)&x->timer, on_timer_closed);
}

static void http_free(struct handler *h)
{
	struct http_handler *x = http_of(h);
	free(x->url);
	free(x->socket_path);
	free(x);
}

/* Splits "///run/service.sock:/path", which follows "http+unix:". */
static bool split_unix(struct http_handler *x, const char *rest)
{
	const char *colon = strrchr(rest, ':');
	if (strncmp(rest, "///", 3) != 0 || !colon || colon[1] != '/')
		return false;
	x->socket_path = xmemdup(rest + 2, (size_t)(colon - rest - 2));
	x->url = xprintf("http://localhost%s", colon + 1);
	return true;
}

static bool parse_url(struct http_handler *x, const char *run, const char *rest, struct error *err)
{
	if (strncmp(run, "http+unix:", 10) == 0) {
		if (split_unix(x, rest))
			return true;
		error_set(err, ERROR_CONFIG,
		          "'%.200s' wants the form http+unix:///run/service.sock:/path", run);
		return false;
	}
	CURLU *url = curl_url();
	char *user = NULL;
	bool ok = url && curl_url_set(url, CURLUPART_URL, run, 0) == CURLUE_OK;
	bool has_user = ok && curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;
	curl_free(user);
	curl_url_cleanup(url);
	if (!ok)
		error_set(err, ERROR_CONFIG, "'%.200s' is not a URL such as http://host:8080/path",
		          run);
	else if (has_user)
		error_set(err, ERROR_CONFIG,
		          "the URL holds a user name, which handlers do not send; let the service "
		          "grant access by address or certificate");
	x->url = xstrdup(run);
	return ok && !has_user;
}

static int http_open(struct handler *h, const char *rest, struct error *err)
{
	if (curl_load(err) < 0)
		return -1;
	struct http_handler *x = xcalloc(1, sizeof *x);
	if (!parse_url(x, h->settings->run, rest, err)) {
		free(x->url);
		free(x->socket_path);
		free(x);
		return -1;
	}
	h->state = x;
	x->multi = curl_multi_init();
	curl_multi_setopt(x->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(x->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(x->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(x->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(x->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
	list_init(&x->runs);
	uv_timer_init(h->loop, &x->timer);
	x->timer.data = h;
	handler_hold(h);
	return 0;
}

/* ---- a request ---- */

static size_t on_body(char *data, size_t size, size_t count, void *to)
{
	struct http_run *x = to;
	size_t len = size * count, max = (size_t)x->run->handler->worker->result_max;
	size_t room = x->body.len < max ? max - x->body.len : 0;
	buf_append(&x->body, data, len < room ? len : room);
	x->body_len += len;
	if (x->body_len <= max + BODY_SLACK)
		return len;
	x->cut = true;
	return CURL_WRITEFUNC_ERROR;
}

static void add_header(struct http_run *x, const char *name, const char *value)
{
	if (!value || !*value || !http_header_safe(name) || !http_header_safe(value) ||
	    strpbrk(name, ":; ,"))
		return;
	cleanup_free char *line = xprintf("%s: %s", name, value);
	x->headers = curl_slist_append(x->headers, line);
}

static void add_number(struct http_run *x, const char *name, unsigned long value)
{
	char text[32];
	snprintf(text, sizeof text, "%lu", value);
	add_header(x, name, text);
}

static void add_headers(struct http_run *x, const struct run_request *q)
{
	char time[CLOCK_TEXT_SIZE];
	x->headers = curl_slist_append(NULL, "Content-Type: application/json");
	x->headers = curl_slist_append(x->headers, "Expect:");
	add_header(x, "Idempotency-Key", q->job->id);
	add_header(x, "Job-Id", q->job->id);
	add_header(x, "Job-Type", q->job->type);
	add_header(x, "Job-Queue", q->queue);
	add_number(x, "Job-Attempt", q->attempt);
	add_number(x, "Job-Max-Attempts", q->max_attempts);
	add_header(x, "Job-Deadline", clock_format(q->deadline_at_ms, time));
	for (size_t i = 0; i < q->job->header_count; i++) {
		const struct job_header *h = &q->job->headers[i];
		cleanup_free char *name = xprintf("Job-H-%s", h->name);
		add_header(x, strcmp(h->name, "traceparent") == 0 ? "traceparent" : name, h->value);
	}
}

static void set_options(struct http_run *x, const struct handler *h, const struct run_request *q)
{
	const struct http_handler *to = http_of(h);
	curl_easy_setopt(x->easy, CURLOPT_URL, to->url);
	if (to->socket_path)
		curl_easy_setopt(x->easy, CURLOPT_UNIX_SOCKET_PATH, to->socket_path);
	curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
	curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(x->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(x->easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "warren-worker/" WARREN_VERSION);
	if (h->worker->connection.tls_ca)
		curl_easy_setopt(x->easy, CURLOPT_CAINFO, h->worker->connection.tls_ca);
	curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->error);
	curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->job->args_len);
	curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, q->job->args);
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
}

static void http_start(struct handler *h, struct run *r)
{
	struct http_run *x = xcalloc(1, sizeof *x);
	x->run = r;
	x->handler = h;
	handler_hold(h);
	list_append(&http_of(h)->runs, &x->link);
	x->started_ms = clock_monotonic_ms();
	uv_timer_init(h->loop, &x->later);
	x->later.data = x;
	r->state = x;
	x->easy = curl_easy_init();
	add_headers(x, &r->request);
	set_options(x, h, &r->request);
	if (curl_multi_add_handle(http_of(h)->multi, x->easy) == CURLM_OK)
		x->added = true;
	else
		end(x, CURLE_FAILED_INIT);
}

/* Cuts the request off, whatever `how` says, because a service cannot be asked to end. */
static void http_stop(struct run *r, enum run_stop how)
{
	struct http_run *x = r->state;
	(void)how;
	if (!x)
		return;
	snprintf(x->error, sizeof x->error, "no answer until it was stopped (%s)",
	         r->stopped_why ? r->stopped_why : "stop");
	end(x, CURLE_OPERATION_TIMEDOUT);
}

#define HTTP_KIND(text)                                                                            \
	{                                                                                          \
		.name = (text), .open = http_open, .close = http_close, .free = http_free,         \
		.start = http_start, .stop = http_stop                                             \
	}
const struct handler_kind http_kind = HTTP_KIND("http"), https_kind = HTTP_KIND("https"),
                          http_unix_kind = HTTP_KIND("http+unix");
