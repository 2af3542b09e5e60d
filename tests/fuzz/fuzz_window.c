/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs publishes, confirms, returns, deadlines and lost connections in any order. Each publish ends
 * once, as it should.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/amqp/window.h"
#include "tests/fuzz/fuzz.h"

enum { PUBLISHES = 256 };
enum state { ABSENT, UNSENT, SENT, ENDED };

struct one {
	enum state state;
	uint64_t tag;
	int64_t deadline_at_ms;
	unsigned nacks;
	bool returned;
	size_t size; /* size of the body */
	const char *exchange;
};

static const struct error reason = {.kind = ERROR_FAILED, .text = "why"};

struct model {
	struct window window;
	struct one all[PUBLISHES];
	uint64_t tokens, tags; /* used so far */
	int64_t now_ms;
	enum window_end expected; /* how the operation under way must end */
	bool refusing;            /* by a closed channel, which is final at once */
};

static void on_end(void *data, uint64_t token, enum window_end end, const struct error *why)
{
	struct model *m = data;
	fuzz_check(token < m->tokens);
	struct one *p = &m->all[token];
	fuzz_check(p->state == UNSENT || p->state == SENT); /* once */
	switch (end) {
	case WINDOW_CONFIRMED:
		fuzz_check(m->expected == WINDOW_CONFIRMED && p->state == SENT && !p->returned);
		break;
	case WINDOW_RETURNED:
		fuzz_check(why && m->expected == WINDOW_CONFIRMED && p->returned);
		break;
	case WINDOW_NACKED:
		fuzz_check(m->expected == WINDOW_NACKED && p->state == SENT &&
		           (m->refusing ? why != NULL : p->nacks + 1 >= WINDOW_NACKS_MAX));
		break;
	case WINDOW_TIMEDOUT:
		fuzz_check(m->expected == WINDOW_TIMEDOUT && p->deadline_at_ms <= m->now_ms);
		break;
	case WINDOW_UNFIT:
		fuzz_check(m->expected == WINDOW_UNFIT && why);
		break;
	}
	p->state = ENDED;
}

static void add(struct model *m, uint8_t with)
{
	if (m->tokens == PUBLISHES)
		return;
	struct message *message = message_create();
	if (with & 1)
		message->message_id = xprintf("id-%d", with / 32); /* several carry one id */
	struct one *one = &m->all[m->tokens];
	*one = (struct one){.state = UNSENT,
	                    .deadline_at_ms = with & 2 ? m->now_ms + with / 4 : INT64_MAX,
	                    .size = with / 16 % 4,
	                    .exchange = with & 8 ? "x" : "yy"};
	message_set_body(message, "body", one->size);
	window_add(&m->window, m->tokens, one->exchange, "k", message, one->deadline_at_ms);
	m->tokens++;
}

static void write_one(struct model *m, bool unfit)
{
	struct publish *p = window_next(&m->window);
	size_t unsent = 0;
	for (size_t i = 0; i < m->tokens; i++)
		unsent += m->all[i].state == UNSENT;
	fuzz_check((p != NULL) == (unsent > 0));
	if (!p)
		return;
	struct one *one = &m->all[p->token];
	fuzz_check(one->state == UNSENT);
	if (unfit) {
		m->expected = WINDOW_UNFIT;
		window_unfit(&m->window, p, &reason);
		fuzz_check(one->state == ENDED);
		return;
	}
	one->state = SENT;
	one->tag = ++m->tags;
	one->returned = false;
	window_wrote(&m->window, p, one->tag);
}

static bool covers(const struct one *p, uint64_t tag, bool multiple)
{
	return p->state == SENT && (multiple ? p->tag <= tag : p->tag == tag);
}

static void ack(struct model *m, uint64_t tag, bool multiple)
{
	bool covered[PUBLISHES];
	for (size_t i = 0; i < PUBLISHES; i++)
		covered[i] = covers(&m->all[i], tag, multiple);
	m->expected = WINDOW_CONFIRMED;
	window_acked(&m->window, tag, multiple);
	for (size_t i = 0; i < m->tokens; i++)
		if (covered[i])
			fuzz_check(m->all[i].state == ENDED);
}

static void nack(struct model *m, uint64_t tag, bool multiple)
{
	bool covered[PUBLISHES], again = false;
	for (size_t i = 0; i < PUBLISHES; i++)
		covered[i] = covers(&m->all[i], tag, multiple);
	m->expected = WINDOW_NACKED;
	bool told = window_nacked(&m->window, tag, multiple);
	for (size_t i = 0; i < m->tokens; i++) {
		if (!covered[i] || m->all[i].state == ENDED)
			continue;
		fuzz_check(++m->all[i].nacks < WINDOW_NACKS_MAX);
		m->all[i].state = UNSENT;
		m->all[i].returned = false;
		again = true;
	}
	fuzz_check(told == again);
}

static void returned(struct model *m, uint8_t with)
{
	cleanup_free char *id = xprintf("id-%d", with / 32);
	window_returned(&m->window, with & 1 ? id : NULL, "NO_ROUTE");
	for (struct list *pos = m->window.sent.next; pos != &m->window.sent; pos = pos->next) {
		const struct publish *p = list_item(pos, struct publish, link);
		m->all[p->token].returned = p->returned != NULL;
	}
}

static void expire(struct model *m, uint8_t by)
{
	int64_t next = INT64_MAX;
	m->now_ms += by;
	m->expected = WINDOW_TIMEDOUT;
	int64_t told = window_expire(&m->window, m->now_ms);
	for (size_t i = 0; i < m->tokens; i++) {
		const struct one *p = &m->all[i];
		bool waits = p->state == UNSENT || p->state == SENT;
		fuzz_check(!waits || p->deadline_at_ms > m->now_ms);
		if (waits && p->deadline_at_ms < next)
			next = p->deadline_at_ms;
	}
	fuzz_check(told == next);
}

static void rewind_all(struct model *m)
{
	window_rewind(&m->window);
	m->tags = 0;
	for (size_t i = 0; i < m->tokens; i++) {
		if (m->all[i].state == SENT)
			m->all[i].state = UNSENT;
		m->all[i].returned = false;
	}
}

/* Picks the oldest one of that size, because they are written and refused in one order. */
static void oversized(struct model *m, uint8_t with)
{
	struct one *oldest = NULL;
	size_t size = with % 4;
	for (size_t i = 0; i < m->tokens; i++) {
		struct one *p = &m->all[i];
		if (p->state == SENT && p->size == size && (!oldest || p->tag < oldest->tag))
			oldest = p;
	}
	m->expected = WINDOW_UNFIT;
	fuzz_check(window_oversized(&m->window, size, &reason) == (oldest != NULL));
	fuzz_check(!oldest || oldest->state == ENDED);
}

static void refuse_exchange(struct model *m, uint8_t with)
{
	const char *name = with & 1 ? "x" : "yy";
	bool covered[PUBLISHES] = {0};
	for (size_t i = 0; i < m->tokens; i++)
		covered[i] = m->all[i].state == SENT && strcmp(m->all[i].exchange, name) == 0;
	m->expected = WINDOW_NACKED;
	m->refusing = true;
	window_refuse_exchange(&m->window, span_of(name), &reason);
	m->refusing = false;
	for (size_t i = 0; i < m->tokens; i++)
		fuzz_check(!covered[i] || m->all[i].state == ENDED);
}

static void step(struct model *m, struct fuzz_input *in)
{
	uint8_t op = fuzz_u8(in), with = fuzz_u8(in);
	switch (op % 8) {
	case 0:
	case 1:
		add(m, with);
		break;
	case 2:
	case 3:
		write_one(m, op == 243);
		break;
	case 4:
		ack(m, with, op & 8);
		break;
	case 5:
		nack(m, with, op & 8);
		break;
	case 6:
		returned(m, with);
		break;
	case 7:
		if (op & 8)
			expire(m, with);
		else if (op & 16)
			rewind_all(m);
		else if (op & 32)
			oversized(m, with);
		else
			refuse_exchange(m, with);
		break;
	}
}

/* Sends and confirms all that is left. Nothing may be missing. */
static void drain(struct model *m)
{
	rewind_all(m);
	while (window_next(&m->window))
		write_one(m, false);
	ack(m, UINT64_MAX, true);
	for (size_t i = 0; i < m->tokens; i++)
		fuzz_check(m->all[i].state == ENDED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model m;
	struct fuzz_input in = {data, size};
	memset(&m, 0, sizeof m);
	window_init(&m.window, on_end, &m);
	while (in.left > 0)
		step(&m, &in);
	if (size % 2)
		drain(&m);
	window_finish(&m.window);
	return 0;
}
