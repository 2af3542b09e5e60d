/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/headers.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/memory.h"

#define OURS "warren-"
#define SIG OURS "sig"
#define KID OURS "kid"
enum { SIGNATURE_MAX = 128 };

/* Room for six short strings of 255 bytes and the properties of a fixed size. */
enum { PROPERTIES_MAX = 2048 };

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
    {OURS "attempt", offsetof(struct bookkeeping, attempt)},
    {OURS "failures", offsetof(struct bookkeeping, failures)},
    {OURS "crashes", offsetof(struct bookkeeping, crashes)},
    {OURS "timeouts", offsetof(struct bookkeeping, timeouts)},
    {OURS "snoozes", offsetof(struct bookkeeping, snoozes)},
    {OURS "returns", offsetof(struct bookkeeping, returns)},
    {OURS "unhandled", offsetof(struct bookkeeping, unhandled)},
    {OURS "interruptions", offsetof(struct bookkeeping, interruptions)},
    {OURS "keyless", offsetof(struct bookkeeping, keyless)},
    {OURS "replays", offsetof(struct bookkeeping, replays)},
    {OURS "republished", offsetof(struct bookkeeping, republished)},
};
enum { COUNTERS = sizeof counters / sizeof *counters };

static unsigned *counter_of(struct bookkeeping *b, size_t i)
{
	return (unsigned *)(void *)((char *)b + counters[i].offset);
}

void bookkeeping_finish(struct bookkeeping *b)
{
	free(b->history);
	free(b->box);
	*b = (struct bookkeeping){.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
}

void bookkeeping_copy(struct bookkeeping *to, const struct bookkeeping *from)
{
	*to = *from;
	to->history = xstrdup(from->history);
	to->box = xstrdup(from->box);
}

static bool is_ours(const char *name)
{
	return strncasecmp(name, OURS, strlen(OURS)) == 0;
}

static bool is_brokers(const char *name)
{
	static const char *const exact[] = {"x-death", "x-delivery-count", "x-acquired-count", "CC",
	                                    "BCC"};
	for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
		if (strcasecmp(name, exact[i]) == 0)
			return true;
	return strncasecmp(name, "x-first-death-", 14) == 0 ||
	       strncasecmp(name, "x-last-death-", 13) == 0;
}

void headers_read(const struct message *m, struct bookkeeping *b)
{
	*b = (struct bookkeeping){.attempt = 1, .first_failed_at_ms = CLOCK_NEVER};
	if (!m->app_id || strcmp(m->app_id, HEADERS_APP_ID) != 0)
		return;
	for (size_t i = 0; i < COUNTERS; i++) {
		int64_t n;
		if (table_get_int(&m->headers, counters[i].name, &n) && n >= 0 && n < INT_MAX)
			*counter_of(b, i) = (unsigned)n;
	}
	if (b->attempt < 1)
		b->attempt = 1;
	const char *first = table_get_text(&m->headers, OURS "first-failed-at");
	if (first)
		clock_parse(span_of(first), &b->first_failed_at_ms);
	b->history = xstrdup(table_get_text(&m->headers, OURS "history"));
	b->box = xstrdup(table_get_text(&m->headers, OURS "box"));
}

/* Returns NULL if the field is absent, no text, or too long. */
static const char *short_text(const struct message *m, const char *name)
{
	const char *text = table_get_text(&m->headers, name);
	return text && strlen(text) <= SIGNATURE_MAX ? text : NULL;
}

struct headers_signature headers_signature(const struct message *m)
{
	return (struct headers_signature){
	    .present = table_get(&m->headers, SIG) || table_get(&m->headers, KID),
	    .kid = short_text(m, KID),
	    .sig = short_text(m, SIG),
	};
}

void headers_set_signature(struct table *t, const char *kid, const char *sig)
{
	if (kid)
		table_set_string(t, KID, kid);
	if (sig)
		table_set_string(t, SIG, sig);
}

void headers_remove_signature(struct table *t)
{
	static const char *const names[] = {KID, SIG};
	for (size_t i = 0; i < 2; i++)
		while (table_get(t, names[i])) /* a stranger may have set it twice */
			table_remove(t, names[i]);
}

unsigned headers_delivery_count(const struct message *m)
{
	int64_t n;
	if (!table_get_int(&m->headers, "x-delivery-count", &n) || n < 0)
		return 0;
	return n > INT_MAX ? INT_MAX : (unsigned)n;
}

static bool is_foreign(const struct entry *e)
{
	return !is_ours(e->name) && !is_brokers(e->name);
}

size_t headers_foreign_size(const struct message *m)
{
	size_t size = 0;
	for (size_t i = 0; i < m->headers.count; i++)
		if (is_foreign(&m->headers.entries[i]))
			size += entry_wire_size(&m->headers.entries[i]);
	return size;
}

static void write_counters(const struct bookkeeping *b, struct table *t)
{
	struct bookkeeping copy = *b;
	for (size_t i = 0; i < COUNTERS; i++) {
		unsigned n = *counter_of(&copy, i);
		bool said = i == 0 ? n > 1 : n > 0;
		if (said)
			table_set_int(t, counters[i].name, n);
	}
	if (b->first_failed_at_ms != CLOCK_NEVER) {
		char text[CLOCK_TEXT_SIZE];
		table_set_string(t, OURS "first-failed-at",
		                 clock_format(b->first_failed_at_ms, text));
	}
}

static void write_route(const struct delay_route *route, struct table *t)
{
	for (size_t i = 0; i < route->count; i++) {
		char name[32], next[16];
		snprintf(name, sizeof name, OURS "%02d", route->hops[i].level);
		snprintf(next, sizeof next, "%02d", route->hops[i].next);
		table_set_string(t, name, route->hops[i].next < 0 ? "out" : next);
	}
}

/*
 * A text that would make our headers too large is left out, because JSON that is cut is of no use
 * to anybody.
 */
static void write_text_if_it_fits(struct table *ours, const char *name, const char *text,
                                  size_t max)
{
	if (!text)
		return;
	size_t needed = 1 + strlen(name) + 5 + strlen(text);
	if (table_wire_size(ours) + needed <= max)
		table_set_string(ours, name, text);
}

struct headers_room headers_room(size_t header_max)
{
	size_t third = header_max > PROPERTIES_MAX ? (header_max - PROPERTIES_MAX) / 3 : 0;
	return (struct headers_room){
	    .ours = third < HEADERS_OURS_MAX ? third : HEADERS_OURS_MAX,
	    .foreign = 2 * third < HEADERS_FOREIGN_MAX ? 2 * third : HEADERS_FOREIGN_MAX,
	};
}

bool headers_write_within(const struct message *in, const struct bookkeeping *b,
                          const struct delay_route *route, struct headers_room room,
                          struct table *out)
{
	if (headers_foreign_size(in) > room.foreign)
		return false;
	struct table t = {0};
	for (size_t i = 0; i < in->headers.count; i++)
		if (is_foreign(&in->headers.entries[i]))
			table_add_take(&t, in->headers.entries[i].name,
			               field_copy(&in->headers.entries[i].value));

	struct table ours = {0};
	const struct headers_signature s = headers_signature(in);
	headers_set_signature(&ours, s.kid, s.sig);
	write_counters(b, &ours);
	if (route)
		write_route(route, &ours);
	write_text_if_it_fits(&ours, OURS "box", b->box, room.ours);
	write_text_if_it_fits(&ours, OURS "history", b->history, room.ours);
	for (size_t i = 0; i < ours.count; i++)
		table_add_take(&t, ours.entries[i].name, field_copy(&ours.entries[i].value));
	table_finish(&ours);
	*out = t;
	return true;
}

bool headers_write(const struct message *in, const struct bookkeeping *b,
                   const struct delay_route *route, struct table *out)
{
	return headers_write_within(in, b, route, headers_room(SIZE_MAX), out);
}
