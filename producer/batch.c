/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/clean.h"
#include "common/connect.h"
#include "common/link.h"
#include "common/memory.h"
#include "common/pack.h"
#include "producer/batch_input.h"
#include "producer/batch_line.h"
#include "producer/begin.h"
#include "producer/commands.h"
#include "producer/compose.h"
#include "producer/ends.h"
#include "producer/outcome.h"
#include "producer/progress.h"
#include "producer/protect.h"
#include "producer/receipts.h"
#include "producer/shipment.h"
#include "producer/targets.h"
#include "producer/waiter.h"

static const struct option_spec options[] = {
    COMPOSE_OPTIONS,
    PROTECT_OPTIONS,
    {"pack", 0, "N", "put up to N jobs that are due at once into one message (at most 1000; default: a message each)"},
    {"window", 0, "N", "jobs that may await their confirm at once (default 1000)"},
    {"rate", 0, "N", "at most N jobs a second"},
    {"receipts", 0, "FILE", "write a line of JSON for each input line: confirmed, or why not"},
    {"resume", 0, "FILE", "go on with these receipts: skip what is confirmed, append the rest"},
    {"keep-going", 0, NULL, "go on past input files that cannot be read"},
    {"halt", 0, "N", "stop reading after N lines have failed (default: never)"},
    {"wait", 0, NULL, "wait for the jobs' ends and print a line of JSON for each; the summary goes to stderr"},
    {"dry-run", 0, NULL, "check all lines, send nothing"},
    {"progress", 0, "FORM", "auto, none, bar, plain or json (on stderr)"},
    {"json", 0, NULL, "print the summary as a line of JSON"},
    {0},
};

enum {
	TURN_MS = 100,
	RATE_TURN_MS = 5,
	PACK_LINGER_MS = 20, /* a pack waits so long for more lines */
	PACKS_MIN = 32,      /* may be under way however small the window */
};

struct batch {
	struct session *s;
	struct batch_line all;
	const char *queue;
	struct job template;
	bool dry;
	uint64_t halt;
	double rate;
	int64_t started_ms;

	struct batch_input input;

	struct link *link;
	struct list under_way; /* shipment::link; the token of a publish is its shipment's address */
	size_t messages;       /* of them */
	struct packing packing;
	struct targets *targets;
	struct protect *protect;
	struct waiter *waiter; /* --wait; NULL: nobody waits */
	struct ends told;
	struct receipts receipts;
	struct progress progress;
	struct progress_state state;
	char *blocked;
	uint64_t ends[OUTCOMES], sent, skipped;
	int signals;
	unsigned interrupts;
	int rc; /* -1: err ends the run */
	struct error err;
};

/* ---- one line ---- */

static uint64_t failures(const struct batch *b)
{
	return b->ends[OUTCOME_RETURNED] + b->ends[OUTCOME_NACKED] + b->ends[OUTCOME_TIMED_OUT] +
	       b->ends[OUTCOME_REJECTED];
}

/* A line that tells of a line of the input: file names and reasons may hold anything. */
__attribute__((format(printf, 1, 2))) static void complain(const char *fmt, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	clean_print(stderr, text);
	fputc('\n', stderr);
	free(text);
}

static void reject_at(struct batch *b, size_t column, const char *id, const char *reason)
{
	char place[64] = "";
	if (column > 0)
		snprintf(place, sizeof place, ":%zu", column);
	progress_clear(&b->progress);
	complain("%s:%" PRIu64 "%s: %s", b->input.file, b->input.lines.number, place, reason);
	b->ends[OUTCOME_REJECTED]++;
	receipts_write(&b->receipts, b->input.ordinal, b->input.file, b->input.lines.number, id,
	               outcome_name(OUTCOME_REJECTED), reason);
}

static void reject(struct batch *b, const char *id, const char *reason)
{
	reject_at(b, 0, id, reason);
}

static bool known_queue(struct batch *b, const char *queue, const char *id)
{
	struct error err = {0};
	if (!queue_name_valid(span_of(queue))) {
		reject(b, id, "the queue's name is not valid");
		return false;
	}
	if (b->dry || targets_check(b->targets, queue, &err) == 0)
		return true;
	reject(b, id, err.text);
	if (err.kind != ERROR_CONFIG) {
		b->rc = -1;
		b->err = err;
	}
	return false;
}

/* A key that is wrong ends the run: nothing goes out less protected than it should be. */
static bool protected_or_end(struct batch *b, int rc, const struct error *err)
{
	if (rc == 0)
		return true;
	b->rc = -1;
	b->err = *err;
	return false;
}

static struct shipped_line line_of(const struct batch *b, const struct job *j)
{
	return (struct shipped_line){
	    .ordinal = b->input.ordinal, .line = b->input.lines.number, .file = b->input.file, .id = xstrdup(j->id)};
}

static void count_line(struct batch *b)
{
	b->sent++;
	b->state.outstanding++;
}

static void ship(struct batch *b, struct shipment *s, struct envelope *e)
{
	list_remove(&s->link);
	list_append(&b->under_way, &s->link);
	b->messages++;
	link_publish(b->link, (uint64_t)(uintptr_t)s, e->exchange, e->key, e->message,
	             b->s->settings.confirm_timeout_ms);
}

static void publish(struct batch *b, const struct job *j, const char *queue, const struct buf *document)
{
	struct error err = {0};
	struct envelope e =
	    compose_envelope(&b->s->settings, queue, j, (struct span){document->data, document->len}, clock_now_ms());
	if (!protected_or_end(b, protect_message(b->protect, queue, e.message, &err), &err)) {
		message_destroy(e.message);
		return;
	}
	if (b->waiter) {
		e.message->reply_to = xstrdup(waiter_reply_to(b->waiter));
		e.message->correlation_id = xprintf("%" PRIu64, b->input.ordinal);
	}
	struct shipment *s = shipment_create(1);
	shipment_add(s, line_of(b, j));
	count_line(b);
	ship(b, s, &e);
}

static void send_pack(struct batch *b, struct shipment *pack)
{
	pack_close(&pack->body);
	struct envelope e = compose_pack(&b->s->settings, pack->queue, &pack->body, clock_now_ms());
	ship(b, pack, &e);
}

/* Those that nobody will fill any more, and those that have waited for it long enough. */
static void send_ripe_packs(struct batch *b)
{
	bool ended = b->input.ended || b->interrupts > 0 || b->rc < 0;
	struct list *pos, *next;
	list_for_each (pos, next, &b->packing.open) {
		struct shipment *pack = list_item(pos, struct shipment, link);
		if (ended || clock_monotonic_ms() - pack->begun_ms >= PACK_LINGER_MS)
			send_pack(b, pack);
	}
}

static void put_into_pack(struct batch *b, const struct job *j, const char *queue, const struct buf *document)
{
	struct shipment *pack = packing_find(&b->packing, queue);
	if (pack && packing_full(&b->packing, pack, document->len)) {
		send_pack(b, pack);
		pack = NULL;
	}
	if (!pack)
		pack = packing_begin(&b->packing, queue, clock_monotonic_ms());
	pack_add(&pack->body, (struct span){document->data, document->len});
	shipment_add(pack, line_of(b, j));
	count_line(b);
	if (packing_full(&b->packing, pack, 0))
		send_pack(b, pack);
}

/* A job that has to wait goes into the ring alone: it is due at its own time. */
static bool goes_into_pack(const struct batch *b, const struct job *j, const struct buf *document)
{
	return packing_takes(&b->packing, document->len) &&
	       (j->not_before_ms == CLOCK_NEVER || j->not_before_ms <= clock_now_ms());
}

/* Before anything is sent to it. */
static bool may_pack_for(struct batch *b, const char *queue)
{
	struct error err = {0};
	if (b->packing.jobs_max == 1)
		return true;
	int signs = protect_signs(b->protect, queue, &err);
	if (signs == 0)
		return true;
	if (signs > 0)
		error_set(&err, ERROR_USAGE,
		          "--pack: jobs for queue '%s' are signed, and a job that leaves its pack would lose its "
		          "signature: leave out --pack",
		          queue);
	return protected_or_end(b, -1, &err);
}

static void submit(struct batch *b, const struct job *j, struct buf *document)
{
	struct error err = {0};
	struct batch_refusal why;
	const char *queue = compose_queue(&b->s->settings, b->queue, j->type);
	if (!known_queue(b, queue, j->id) || !may_pack_for(b, queue) ||
	    !protected_or_end(b, protect_document(b->protect, queue, j, document, &err), &err))
		return;
	if (!batch_line_fits(&b->all, j, document, &why))
		reject(b, j->id, why.reason);
	else if (b->dry)
		return;
	else if (goes_into_pack(b, j, document))
		put_into_pack(b, j, queue, document);
	else
		publish(b, j, queue, document);
}

static void take_line(struct batch *b, struct span line)
{
	struct job j = {0};
	struct buf document = {0};
	struct batch_refusal why = {0};
	if (batch_line_blank(line))
		return;
	if (receipts_confirmed(&b->receipts, b->input.ordinal)) {
		b->skipped++;
		return;
	}
	b->state.lines++;
	if (batch_line_read(&b->all, b->input.ordinal, line, &j, &document, &why))
		submit(b, &j, &document);
	else
		reject_at(b, why.column, NULL, why.reason);
	job_finish(&j);
	buf_finish(&document);
}

/* ---- input ---- */

static bool rate_allows(const struct batch *b)
{
	return b->rate <= 0 || (double)b->sent < (double)(clock_monotonic_ms() - b->started_ms) * b->rate / 1000 + 1;
}

/* It counts jobs, and lets some packs be under way however many jobs they hold. */
static bool window_is_full(const struct batch *b)
{
	return b->state.outstanding >= (uint64_t)b->s->settings.window &&
	       b->messages >= (b->packing.jobs_max > 1 ? PACKS_MIN : 0);
}

static bool may_submit(const struct batch *b)
{
	return b->rc == 0 && !b->input.ended && b->interrupts == 0 && !b->blocked && (b->dry || b->state.connected) &&
	       !window_is_full(b) && rate_allows(b);
}

static void reject_long(struct batch *b)
{
	char reason[64];
	snprintf(reason, sizeof reason, "the line is longer than %" PRId64 " bytes (max_body)",
	         b->s->settings.max_body);
	reject(b, NULL, reason);
}

static void pass_over_file(struct batch *b, const struct error *err)
{
	if (!options_has(&b->s->options, "keep-going")) {
		b->rc = -1;
		b->err = *err;
		return;
	}
	progress_clear(&b->progress);
	complain("%s", err->text);
	b->ends[OUTCOME_REJECTED]++;
}

/* True: the input has to be read before there is another line. */
static bool submit_lines(struct batch *b)
{
	while (may_submit(b)) {
		struct span line;
		struct error err;
		switch (batch_input_next(&b->input, &line, &err)) {
		case BATCH_INPUT_LINE:
			take_line(b, line);
			break;
		case BATCH_INPUT_TOO_LONG:
			b->state.lines++;
			reject_long(b);
			break;
		case BATCH_INPUT_UNREADABLE:
			pass_over_file(b, &err);
			break;
		case BATCH_INPUT_MORE:
			return true;
		case BATCH_INPUT_END:
			return false;
		}
		if (b->halt > 0 && failures(b) >= b->halt)
			b->input.ended = true;
	}
	return false;
}

static void read_input(struct batch *b)
{
	int64_t bytes = batch_input_read(&b->input, &b->err);
	if (bytes < 0)
		b->rc = -1;
	else
		b->state.bytes += (uint64_t)bytes;
}

/* ---- what the broker says ---- */

static void finish_line(struct batch *b, const struct shipped_line *l, enum outcome o, const struct error *err)
{
	b->ends[o]++;
	b->state.outstanding--;
	if (o != OUTCOME_CONFIRMED) {
		progress_clear(&b->progress);
		complain("%s:%" PRIu64 ": %s: %s", l->file, l->line, l->id, err->text);
	}
	receipts_write(&b->receipts, l->ordinal, l->file, l->line, l->id, outcome_name(o),
	               o == OUTCOME_CONFIRMED ? NULL : err->text);
}

static void finish_shipment(struct batch *b, struct shipment *s, enum outcome o, const struct link_event *e)
{
	struct error err = {0};
	if (o != OUTCOME_CONFIRMED)
		outcome_error(o, e, &err);
	for (size_t i = 0; i < s->count; i++)
		finish_line(b, &s->lines[i], o, &err);
	b->messages--;
	shipment_destroy(s);
}

static void set_blocked(struct batch *b, const char *reason)
{
	free(b->blocked);
	b->blocked = xstrdup(reason);
	b->state.blocked = b->blocked;
}

static void on_event(struct batch *b, const struct link_event *e)
{
	enum outcome o;
	if (outcome_of_event(e, &o)) {
		finish_shipment(b, (struct shipment *)(uintptr_t)e->token, o, e);
		return;
	}
	switch (e->kind) {
	case LINK_UP:
		b->state.connected = true;
		set_blocked(b, NULL);
		break;
	case LINK_DOWN:
		b->state.connected = false;
		set_blocked(b, NULL);
		progress_clear(&b->progress);
		complain("%s; reconnecting", e->error ? e->error->text : "connection lost");
		break;
	case LINK_FAILED:
		b->rc = -1;
		outcome_explain_failure(e, b->queue ? b->queue : "default", &b->err);
		break;
	case LINK_BLOCKED:
		set_blocked(b, e->text && *e->text ? e->text : "resource alarm");
		break;
	case LINK_UNBLOCKED:
		set_blocked(b, NULL);
		break;
	default:
		break;
	}
}

static void take_events(struct batch *b)
{
	struct list events;
	list_init(&events);
	link_take(b->link, &events);
	while (!list_empty(&events)) {
		struct link_event *e = list_item(events.next, struct link_event, link);
		list_remove(&e->link);
		on_event(b, e);
		link_event_destroy(e);
	}
	if (receipts_flush(&b->receipts, &b->err) < 0)
		b->rc = -1;
}

/* ---- what the workers say ---- */

static void print_answer(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	clean_print_json(stdout, text ? text : "{}");
	putchar('\n');
	free(text);
}

static void take_answers(struct batch *b)
{
	for (;;) {
		json_t *answer;
		if (waiter_next(b->waiter, 0, &answer, &b->err) < 0) {
			b->rc = -1;
			return;
		}
		if (!answer)
			return;
		if (ends_take(&b->told, answer, b->input.ordinal)) {
			progress_clear(&b->progress);
			print_answer(answer);
		}
		json_decref(answer);
	}
}

static bool all_told(const struct batch *b)
{
	return !b->waiter || b->interrupts > 0 || b->told.told >= b->ends[OUTCOME_CONFIRMED];
}

/* ---- the run ---- */

static void take_signals(struct batch *b)
{
	struct signalfd_siginfo info;
	while (read(b->signals, &info, sizeof info) == sizeof info) {
		progress_clear(&b->progress);
		if (++b->interrupts == 1)
			fprintf(stderr, "interrupted: waiting for %" PRIu64 " confirms (once more: leave at once)\n",
			        b->state.outstanding);
	}
}

/* Until something has to be done although nothing is heard. */
static int patience_ms(const struct batch *b)
{
	if (b->rate > 0)
		return RATE_TURN_MS;
	return list_empty(&b->packing.open) ? TURN_MS : PACK_LINGER_MS;
}

static void turn(struct batch *b)
{
	bool wants_input = submit_lines(b);
	send_ripe_packs(b);
	if (b->link)
		link_flush(b->link);
	struct pollfd fds[] = {
	    {.fd = b->signals, .events = POLLIN},
	    {.fd = b->link ? link_fd(b->link) : -1, .events = POLLIN},
	    {.fd = wants_input ? b->input.fd : -1, .events = POLLIN},
	    {.fd = b->waiter ? waiter_fd(b->waiter) : -1, .events = POLLIN},
	};
	poll(fds, 4, patience_ms(b));
	if (fds[0].revents)
		take_signals(b);
	if (fds[2].revents)
		read_input(b);
	if (b->link) {
		link_watch(b->link);
		take_events(b);
	}
	if (b->waiter && b->rc == 0)
		take_answers(b);
	b->state.confirmed = b->ends[OUTCOME_CONFIRMED];
	b->state.failed = failures(b);
	progress_update(&b->progress, &b->state);
}

/* The broker has been away for so long that everything under way has timed out: reading on would fail it all. */
static bool deserted(const struct batch *b)
{
	return !b->dry && !b->state.connected && b->ends[OUTCOME_TIMED_OUT] > 0 && b->state.outstanding == 0;
}

static void work(struct batch *b)
{
	for (;;) {
		bool nothing_to_read = b->input.ended || b->interrupts > 0;
		if (b->rc < 0 || b->interrupts > 1 || (nothing_to_read && b->state.outstanding == 0 && all_told(b)))
			return;
		if (deserted(b)) {
			b->rc = error_set(&b->err, ERROR_UNAVAILABLE,
			                  "the broker stays unreachable; nothing more was read");
			return;
		}
		turn(b);
	}
}

static int parse_number(const struct options *o, const char *name, double *out, struct error *err)
{
	const char *text = options_get(o, name);
	char *end;
	*out = 0;
	if (!text)
		return 0;
	*out = strtod(text, &end);
	if (strcmp(end, "/s") == 0)
		end += 2;
	if (end == text || *end || !(*out > 0))
		return error_set(err, ERROR_USAGE, "--%s wants a number above 0, not '%.60s'", name, text);
	return 0;
}

static int open_receipts(struct batch *b, struct error *err)
{
	const char *fresh = options_get(&b->s->options, "receipts"), *resumed = options_get(&b->s->options, "resume");
	if (fresh && resumed && strcmp(fresh, resumed) != 0)
		return error_set(err, ERROR_USAGE, "--resume appends to its own file; --receipts cannot name another");
	if (b->dry)
		return 0;
	if (resumed)
		return receipts_resume(&b->receipts, resumed, err);
	return fresh ? receipts_create(&b->receipts, fresh, err) : 0;
}

static int block_signals(struct batch *b)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	b->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return b->signals;
}

static int connect_batch(struct batch *b, struct error *err)
{
	struct broker_options broker = connect_options(&b->s->settings);
	const struct link_options o = {.broker = &broker, .role = "batch", .give_up = true};
	if (b->dry)
		return 0;
	if (options_has(&b->s->options, "setup")) {
		if (b->queue && settings_use_queue(&b->s->settings, b->queue, false, err) < 0)
			return -1;
		if (connect_setup(&b->s->settings, err) < 0)
			return -1;
	}
	b->targets = targets_open(&b->s->settings, err);
	if (!b->targets || (b->queue && targets_check(b->targets, b->queue, err) < 0))
		return -1;
	if (options_has(&b->s->options, "wait") && !(b->waiter = waiter_open(&b->s->settings, err)))
		return -1;
	b->link = link_create(&o, err);
	return b->link ? 0 : -1;
}

static int read_pack(struct batch *b, struct error *err)
{
	const struct options *o = &b->s->options;
	uint64_t jobs;
	if (options_count(o, "pack", &jobs, err) < 0)
		return -1;
	if (jobs > PACK_JOBS_MAX)
		return error_set(err, ERROR_USAGE, "--pack takes at most %d jobs into a message", PACK_JOBS_MAX);
	if (jobs > 1 && options_has(o, "wait"))
		return error_set(err, ERROR_USAGE,
		                 "--pack and --wait exclude each other: the answers are a message for each job anyway");
	if (jobs > 1 && (options_has(o, "delay") || options_has(o, "at")))
		return error_set(err, ERROR_USAGE,
		                 "--pack and --%s exclude each other: a job that waits for its time travels alone",
		                 options_has(o, "delay") ? "delay" : "at");
	packing_init(&b->packing, jobs > 1 ? jobs : 1, b->all.max_body);
	return 0;
}

static int prepare(struct batch *b, struct error *err)
{
	const struct options *o = &b->s->options;
	b->dry = options_has(o, "dry-run");
	b->queue = options_get(o, "queue");
	b->all.template = &b->template;
	b->all.receipts = &b->receipts;
	b->all.max_body = (size_t)b->s->settings.max_body;
	b->protect = protect_create(&b->s->settings, o);
	if (batch_input_begin(&b->input, o, b->all.max_body, &b->all.type, err) < 0 ||
	    compose_template(o, clock_now_ms(), &b->template, err) < 0 || options_count(o, "halt", &b->halt, err) < 0 ||
	    read_pack(b, err) < 0 || parse_number(o, "rate", &b->rate, err) < 0 ||
	    progress_init(&b->progress, options_get(o, "progress"), err) < 0)
		return -1;
	if (b->queue && !queue_name_valid(span_of(b->queue)))
		return error_set(err, ERROR_USAGE, "queue name '%.100s' must be " QUEUE_NAME_FORM, b->queue);
	b->state.bytes_total = batch_input_size(&b->input);
	if (block_signals(b) < 0)
		return error_set_errno(err, ERROR_BUG, errno, "signalfd");
	if (connect_batch(b, err) < 0 || open_receipts(b, err) < 0)
		return -1;
	job_finish(&b->template);
	if (compose_template(o, batch_line_time_ms(&b->receipts), &b->template, err) < 0)
		return -1;
	b->started_ms = clock_monotonic_ms();
	return 0;
}

static void print_summary(const struct batch *b)
{
	static const char *const names[] = {"lines",  "sent",      "confirmed", "returned",
	                                    "nacked", "timed_out", "rejected",  "skipped"};
	const uint64_t *e = b->ends;
	const uint64_t counts[] = {b->state.lines,      b->sent,           e[OUTCOME_CONFIRMED],
	                           e[OUTCOME_RETURNED], e[OUTCOME_NACKED], e[OUTCOME_TIMED_OUT],
	                           e[OUTCOME_REJECTED], b->skipped};
	bool json = options_has(&b->s->options, "json");
	FILE *out = b->waiter ? stderr : stdout;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (json)
			fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "{", names[i], counts[i]);
		else
			fprintf(out, "%s%s %" PRIu64, i ? " " : "", names[i], counts[i]);
	}
	fputs(json ? "}\n" : "\n", out);
	fflush(out);
}

static int exit_code(const struct batch *b)
{
	if (b->interrupts > 0)
		return 130;
	if (b->ends[OUTCOME_RETURNED] + b->ends[OUTCOME_REJECTED] + b->told.dead > 0)
		return ERROR_FAILED;
	return b->ends[OUTCOME_NACKED] + b->ends[OUTCOME_TIMED_OUT] > 0 ? ERROR_TRYAGAIN : 0;
}

static void finish(struct batch *b)
{
	progress_clear(&b->progress);
	link_destroy(b->link, b->interrupts > 1 ? 0 : 3000);
	targets_close(b->targets);
	protect_destroy(b->protect);
	waiter_close(b->waiter);
	ends_finish(&b->told);
	packing_finish(&b->packing);
	while (!list_empty(&b->under_way)) /* of a run that was given up */
		shipment_destroy(list_item(b->under_way.next, struct shipment, link));
	batch_input_finish(&b->input);
	receipts_finish(&b->receipts);
	job_finish(&b->template);
	set_blocked(b, NULL);
	close_fd(&b->signals);
}

static int run(int argc, char **argv)
{
	struct session s;
	struct error err = {0};
	int code;
	if (session_begin(&s, &batch_command, argc, argv, &code))
		return code;
	struct batch b = {.s = &s, .input = {.fd = -1}, .signals = -1};
	list_init(&b.under_way);
	packing_init(&b.packing, 1, 0);
	int rc = prepare(&b, &err);
	if (rc == 0) {
		work(&b);
		progress_clear(&b.progress);
		print_summary(&b);
		rc = b.rc;
		err = b.err;
	}
	int own_code = exit_code(&b);
	finish(&b);
	code = session_end(&s, rc, &err);
	return code ? code : own_code;
}

const struct command_spec batch_command = {
    .name = "batch",
    .usage = "batch [TYPE] [FILE]... [options]\n\n"
             "The first word is the TYPE, and lines are the jobs' args, unless it is '-', has a '/' or ends in\n"
             ".jsonl, .json, .ndjson or .txt: then it is a FILE, and lines are whole job documents",
    .summary = "publish a job per line of JSON, from files or stdin",
    .examples = "  warren-producer batch thumb.make files.jsonl -q img --receipts done.jsonl\n"
                "  warren-producer batch thumb.make files.jsonl -q img --resume done.jsonl\n"
                "  generate-jobs | warren-producer batch --rate 500\n"
                "  warren-producer batch jobs.jsonl -q tiny --pack 100\n",
    .options = options,
    .run = run,
};
