/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/settings/connect.h"
#include "common/job/job.h"
#include "common/base/memory.h"
#include "producer/session/ask.h"
#include "producer/session/session.h"
#include "producer/commands.h"
#include "common/client/letters.h"
#include "common/client/replay.h"
#include "producer/show_letter.h"

static const struct option_spec options[] = {
    {"queue", 'q', "QUEUE",
     "look at the dead letters of this queue; repeat for more (default: all queues of the "
     "config)"},
    {"unroutable", 0, NULL, "look at the messages that found no queue"},
    {"type", 0, "GLOB", "only letters whose type matches"},
    {"reason", 0, "REASON",
     "only letters with this reason (failures, crashes, timeouts, expired, malformed ...)"},
    {"since", 0, "TIME",
     "only letters that died within this time (2h), or since this point in time"},
    {"limit", 0, "N", "at most N letters"},
    {"dry-run", 0, NULL, "with replay and drop: list the letters and do nothing"},
    {"yes", 'y', NULL, "with drop: do not ask"},
    {"json", 0, NULL, "print a line of JSON for each letter"},
    {0},
};

enum verb { VERB_LIST, VERB_SHOW, VERB_REPLAY, VERB_DROP, VERBS };
static const char *const verb_names[VERBS] = {"list", "show", "replay", "drop"};

struct selection {
	const char *type, *reason;
	int64_t since_ms; /* CLOCK_NEVER without --since */
	uint64_t limit;   /* 0 without --limit */
	char **ids;       /* borrowed from argv */
	bool *found;
	size_t id_count, found_count;
};

struct run {
	struct session *s;
	enum verb verb;
	struct selection select;
	bool json, dry;
	uint64_t count;
	struct replay *replay; /* NULL unless letters are to be published again */
};

/* ---- selecting ---- */

static bool wanted_id(struct selection *f, const char *id)
{
	for (size_t i = 0; i < f->id_count; i++) {
		if (strcmp(f->ids[i], id) != 0)
			continue;
		f->found_count += !f->found[i];
		f->found[i] = true;
		return true;
	}
	return f->id_count == 0;
}

static bool selected(struct selection *f, const struct letter *l)
{
	if (f->type && !job_type_matches(f->type, l->type))
		return false;
	if (f->reason && strcmp(f->reason, l->reason) != 0)
		return false;
	if (f->since_ms != CLOCK_NEVER &&
	    (l->died_at_ms == CLOCK_NEVER || l->died_at_ms < f->since_ms))
		return false;
	return wanted_id(f, l->id);
}

static int read_since(const char *text, int64_t *since_ms, struct error *err)
{
	int64_t ms;
	*since_ms = CLOCK_NEVER;
	if (!text || clock_parse(span_of(text), since_ms))
		return 0;
	if (!clock_parse_duration(text, &ms))
		return error_set(
		    err, ERROR_USAGE,
		    "--since wants a time such as 2h or 2026-11-24T09:00:00Z, not '%.60s'", text);
	*since_ms = clock_now_ms() - ms;
	return 0;
}

static int read_selection(struct run *r, struct error *err)
{
	const struct options *o = &r->s->options;
	struct selection *f = &r->select;
	f->type = options_get(o, "type");
	f->reason = options_get(o, "reason");
	f->ids = o->arguments + 1;
	f->id_count = o->argument_count - 1;
	f->found = xcalloc(f->id_count, sizeof *f->found);
	return read_since(options_get(o, "since"), &f->since_ms, err) < 0 ||
	               options_count(o, "limit", &f->limit, err) < 0
	           ? -1
	           : 0;
}

/* ---- visiting ---- */

static void print_letter(const struct run *r, const struct letter *l)
{
	if (r->json)
		show_letter_json(l, stdout);
	else if (r->verb == VERB_SHOW)
		show_letter_whole(l, stdout);
	else
		show_letter_line(l, stdout);
}

static bool limit_reached(const struct run *r)
{
	return r->select.limit > 0 && r->count >= r->select.limit;
}

static bool enough(const struct run *r)
{
	const struct selection *f = &r->select;
	return limit_reached(r) || (f->id_count > 0 && f->found_count == f->id_count);
}

/* The walk goes on to the end of the queue even if all IDs were found, because two letters may
 * carry the same id. */
static enum letter_verdict visit(void *data, const struct message *m, const char *routing_key,
                                 struct error *err)
{
	struct run *r = data;
	struct letter l;
	(void)err;
	if (limit_reached(r))
		return LETTER_STOP;
	letter_read(&l, m, routing_key, r->s->settings.connection.prefix);
	enum letter_verdict v = LETTER_KEEP;
	if (selected(&r->select, &l)) {
		r->count++;
		if (r->verb == VERB_DROP && !r->dry) {
			puts(l.id);
			v = LETTER_TAKE;
		} else {
			print_letter(r, &l);
		}
	}
	letter_finish(&l);
	return v;
}

/* ---- replaying ---- */

static enum replay_choice choose(void *data, const struct letter *l)
{
	struct run *r = data;
	if (limit_reached(r))
		return REPLAY_STOP;
	if (!selected(&r->select, l))
		return REPLAY_SKIP;
	r->count++;
	return REPLAY_PUBLISH;
}

static void print_replayed(void *data, const struct letter *l)
{
	(void)data;
	puts(l->id);
}

static int open_replay(struct run *r, struct error *err)
{
	const struct replay_options o = {.connection = &r->s->settings.connection,
	                                 .confirm_timeout_ms = r->s->settings.confirm_timeout_ms,
	                                 .choose = choose,
	                                 .replayed = print_replayed,
	                                 .data = r};
	if (r->verb != VERB_REPLAY || r->dry)
		return 0;
	r->replay = replay_open(&o, err);
	return r->replay ? 0 : -1;
}

/* ---- the command ---- */

static int look_through(struct run *r, const char *queue, struct error *err)
{
	struct broker *b = connect_broker(&r->s->settings.connection, err);
	int rc = b ? letters_walk(b, queue, visit, r, err) : -1;
	broker_destroy(b, true);
	return rc;
}

static int walk_queue(struct run *r, const char *queue, const char *name, struct error *err)
{
	int rc = r->replay ? replay_queue(r->replay, queue, err) : look_through(r, queue, err);
	if (rc < 0 && err->cause == CAUSE_NO_QUEUE)
		return error_set(
		    err, ERROR_CONFIG,
		    "'%s' does not exist on this broker; create it with: warren-producer setup%s%s",
		    queue, *name ? " " : "", name);
	return rc;
}

static int walk_all(struct run *r, struct error *err)
{
	const struct producer_settings *s = &r->s->settings;
	char name[TOPOLOGY_NAME_MAX];
	if (options_has(&r->s->options, "unroutable"))
		return walk_queue(r, topology_unroutable(s->connection.prefix, name), "", err);
	for (size_t i = 0; i < s->queue_count && !enough(r); i++) {
		const char *queue = s->queues[i].queue.name;
		if (walk_queue(r, topology_dead_queue(s->connection.prefix, queue, name), queue,
		               err) < 0)
			return -1;
	}
	return 0;
}

static int report_missing(const struct run *r, struct error *err)
{
	const struct selection *f = &r->select;
	if (f->found_count == f->id_count)
		return 0;
	for (size_t i = 0; i < f->id_count; i++)
		if (!f->found[i])
			fprintf(stderr, "no such letter: %s\n", f->ids[i]);
	return error_set(err, ERROR_FAILED, "%zu of %zu letters were not found",
	                 f->id_count - f->found_count, f->id_count);
}

static int check_usage(struct run *r, struct error *err)
{
	const struct selection *f = &r->select;
	bool narrowed =
	    f->id_count > 0 || f->type || f->reason || f->since_ms != CLOCK_NEVER || f->limit > 0;
	if (r->verb == VERB_SHOW && !narrowed)
		return error_set(err, ERROR_USAGE,
		                 "show wants an ID, or a filter such as --limit 1");
	if (r->verb != VERB_DROP || r->dry)
		return 0;
	return ask_yes(narrowed ? "Delete the letters that match for good?"
	                        : "Delete ALL dead letters of these queues for good?",
	               options_has(&r->s->options, "yes"), err);
}

static int use_queues(struct session *s, struct error *err)
{
	bool first = true;
	for (size_t i = 0; i < s->options.count; i++) {
		if (strcmp(s->options.given[i].spec->name, "queue") != 0)
			continue;
		if (queues_use(&producer_schema, &s->settings, s->options.given[i].value, first,
		               err) < 0)
			return -1;
		first = false;
	}
	return 0;
}

static int find_verb(const struct session *s, enum verb *verb, struct error *err)
{
	const char *word = s->options.argument_count > 0 ? s->options.arguments[0] : "";
	for (int i = 0; i < VERBS; i++) {
		if (strcmp(word, verb_names[i]) == 0) {
			*verb = (enum verb)i;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, "dead wants list, show, replay or drop, not '%.60s'",
	                 word);
}

static int dead(struct session *s, struct error *err)
{
	struct run r = {.s = s,
	                .json = options_has(&s->options, "json"),
	                .dry = options_has(&s->options, "dry-run")};
	if (find_verb(s, &r.verb, err) < 0 || use_queues(s, err) < 0)
		return -1;
	int rc = read_selection(&r, err) < 0 || check_usage(&r, err) < 0 || open_replay(&r, err) < 0
	             ? -1
	             : 0;
	if (rc == 0 && r.verb == VERB_LIST && !r.json && isatty(STDOUT_FILENO))
		show_letter_heading(stdout);
	if (rc == 0)
		rc = walk_all(&r, err);
	if (rc == 0 && (r.verb == VERB_REPLAY || r.verb == VERB_DROP))
		fprintf(stderr, "%s%llu letters %s\n", r.dry ? "would have: " : "",
		        (unsigned long long)r.count,
		        r.verb == VERB_REPLAY ? "replayed" : "dropped");
	if (rc == 0)
		rc = report_missing(&r, err);
	replay_close(r.replay);
	free(r.select.found);
	return rc;
}

static int run(int argc, char **argv)
{
	struct session s;
	struct error err = {0};
	int code;
	if (session_begin(&s, &dead_command, argc, argv, &code))
		return code;
	return session_end(&s, dead(&s, &err), &err);
}

const struct command_spec dead_command = {
    .name = "dead",
    .usage = "dead list|show|replay|drop [ID]... [options]",
    .summary = "see what died and why; send it again, or drop it",
    .examples = "  warren-producer dead list -q mail --since 2h\n"
                "  warren-producer dead show 0193b2c4-7a51-7c3e-8f00-1d2e3f405162 -q mail\n"
                "  warren-producer dead replay -q mail --reason timeouts --dry-run\n",
    .options = options,
    .run = run,
};
