/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a stranger's AMQP table from its bytes on the wire to a republish and back, the
 * bookkeeping, and the way round the ring.
 */
#include <amqp.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>

#include "common/amqp/amqp_table.h"
#include "common/job/headers.h"
#include "common/base/memory.h"
#include "tests/fuzz/fuzz.h"

enum {
	WIRE_MAX = 131072,
	NESTING_MAX = 200 /* the library recurses, and how deep it may is its own affair */
};

static bool same_table(const struct table *a, const struct table *b);

static bool same_field(const struct field *a, const struct field *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case 't':
		return a->boolean == b->boolean;
	case 'b':
	case 's':
	case 'I':
	case 'l':
		return a->i == b->i;
	case 'B':
	case 'u':
	case 'i':
	case 'L':
	case 'T':
		return a->u == b->u;
	case 'f':
	case 'd':
		return a->u == b->u; /* the same bits, so that NaN is itself */
	case 'D':
		return a->decimal.decimals == b->decimal.decimals &&
		       a->decimal.value == b->decimal.value;
	case 'S':
	case 'x':
		return a->str.len == b->str.len &&
		       memcmp(a->str.data, b->str.data, a->str.len) == 0;
	case 'A':
	case 'F':
		return same_table(a->table, b->table);
	default:
		return a->kind == 'V';
	}
}

static bool same_table(const struct table *a, const struct table *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->entries[i].name, b->entries[i].name) != 0 ||
		    !same_field(&a->entries[i].value, &b->entries[i].value))
			return false;
	return true;
}

static bool decode(struct span wire, struct table *out)
{
	amqp_pool_t pool;
	amqp_table_t table;
	size_t offset = 0;
	init_amqp_pool(&pool, 4096);
	bool ok = amqp_decode_table((amqp_bytes_t){wire.len, (void *)(uintptr_t)wire.at}, &pool,
	                            &table, &offset) == 0;
	if (ok)
		amqp_table_read(&table, out);
	empty_amqp_pool(&pool);
	return ok;
}

/* Checks that a table has the size that was reckoned, and arrives as it left. */
static void check_wire(const struct table *t)
{
	amqp_pool_t pool;
	struct table again;
	size_t offset = 0;
	size_t size = table_wire_size(t);
	char *bytes = xcalloc(1, size + 64);
	init_amqp_pool(&pool, 4096);
	amqp_table_t view = amqp_table_view(t, &pool);
	fuzz_check(amqp_encode_table((amqp_bytes_t){size + 64, bytes}, &view, &offset) == 0);
	fuzz_check(offset == size);
	fuzz_check(decode((struct span){bytes, offset}, &again) && same_table(t, &again));
	table_finish(&again);
	empty_amqp_pool(&pool);
	free(bytes);
}

static bool same_book(const struct bookkeeping *a, const struct bookkeeping *b)
{
	return a->attempt == b->attempt && a->failures == b->failures && a->crashes == b->crashes &&
	       a->timeouts == b->timeouts && a->snoozes == b->snoozes && a->returns == b->returns &&
	       a->unhandled == b->unhandled && a->interruptions == b->interruptions &&
	       a->replays == b->replays && a->first_failed_at_ms == b->first_failed_at_ms;
}

static bool is_brokers(const char *name)
{
	return strcasecmp(name, "x-death") == 0 || strcasecmp(name, "x-delivery-count") == 0 ||
	       strcasecmp(name, "CC") == 0 || strcasecmp(name, "BCC") == 0 ||
	       strncasecmp(name, "x-first-death-", 14) == 0;
}

static void check_written(const struct message *in, const struct bookkeeping *book,
                          const struct delay_route *route, struct table *out)
{
	struct message next = {.app_id = (char *)(uintptr_t)HEADERS_APP_ID, .headers = *out};
	struct bookkeeping read;
	size_t hops = 0;
	headers_read(&next, &read);
	fuzz_check(same_book(book, &read));
	fuzz_check(!read.history || (book->history && strcmp(read.history, book->history) == 0));
	fuzz_check(!read.box || (book->box && strcmp(read.box, book->box) == 0));
	bookkeeping_finish(&read);
	for (size_t i = 0; i < out->count; i++) {
		const char *name = out->entries[i].name;
		fuzz_check(!is_brokers(name));
		hops += strncmp(name, "warren-", 7) == 0 && strlen(name) == 9;
	}
	fuzz_check(hops == route->count);
	fuzz_check(headers_foreign_size(&next) == headers_foreign_size(in));
	fuzz_check(table_wire_size(out) <= HEADERS_FOREIGN_MAX + HEADERS_OURS_MAX + 4);
}

static void check_route(const struct delay_route *r, uint32_t units)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < r->count; i++) {
		fuzz_check(r->hops[i].level >= 0 && r->hops[i].level < DELAY_LEVELS);
		fuzz_check(r->hops[i].next == (i + 1 < r->count ? r->hops[i + 1].level : -1));
		fuzz_check(i == 0 || r->hops[i].level < r->hops[i - 1].level);
		sum += UINT64_C(1) << r->hops[i].level;
	}
	fuzz_check(sum == units);
	uint32_t rounded = delay_round_backoff(units);
	fuzz_check(rounded >= units || rounded == delay_round_backoff(DELAY_UNITS_MAX));
	fuzz_check(delay_route(rounded).count <= DELAY_BACKOFF_BITS);
}

static struct bookkeeping any_book(struct fuzz_input *in)
{
	struct bookkeeping b = {.attempt = 1 + fuzz_u16(in),
	                        .failures = fuzz_u16(in),
	                        .crashes = fuzz_u8(in),
	                        .timeouts = fuzz_u8(in),
	                        .snoozes = fuzz_u8(in),
	                        .returns = fuzz_u8(in),
	                        .unhandled = fuzz_u8(in),
	                        .interruptions = fuzz_u8(in),
	                        .replays = fuzz_u8(in),
	                        .first_failed_at_ms = (int64_t)(fuzz_u64(in) % 253402300800000)};
	b.history = fuzz_text(fuzz_bytes(in, fuzz_u8(in)));
	b.box = fuzz_text(fuzz_bytes(in, fuzz_u8(in)));
	return b;
}

static void check_message(struct message *m, const struct bookkeeping *any, uint32_t units)
{
	struct bookkeeping read;
	struct table out;
	struct delay_route route = delay_route(units);
	headers_delivery_count(m);
	headers_read(m, &read);
	fuzz_check(read.attempt >= 1 && read.attempt < INT_MAX);
	bookkeeping_finish(&read);
	bool fits = headers_foreign_size(m) <= HEADERS_FOREIGN_MAX;
	fuzz_check(headers_write(m, any, &route, &out) == fits);
	if (!fits)
		return;
	check_written(m, any, &route, &out);
	check_wire(&out);
	table_finish(&out);
}

/*
 * Returns true if so many tables and arrays are open that the library's recursion would be under
 * test, not our code.
 */
static bool nests_deeply(const uint8_t *data, size_t size)
{
	size_t may_open = 0;
	for (size_t i = 0; i < size; i++)
		may_open += data[i] == 'F' || data[i] == 'A';
	return may_open > NESTING_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > WIRE_MAX || nests_deeply(data, size))
		return 0;
	struct fuzz_input in = {data, size};
	struct message m = {.timestamp_s = -1};
	uint8_t form = fuzz_u8(&in);
	uint32_t units = (uint32_t)fuzz_u64(&in) & DELAY_UNITS_MAX;
	struct bookkeeping any = any_book(&in);
	struct delay_route route = delay_route(units);
	check_route(&route, units);
	if (form & 1)
		m.app_id = xstrdup(form & 2 ? "warren" : "somebody");
	if (decode(fuzz_rest(&in), &m.headers)) {
		check_wire(&m.headers);
		struct table copy;
		table_copy(&copy, &m.headers);
		fuzz_check(same_table(&copy, &m.headers));
		table_finish(&copy);
		check_message(&m, &any, units);
	}
	table_finish(&m.headers);
	free(m.app_id);
	bookkeeping_finish(&any);
	return 0;
}
