/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on a channel, which the broker answers, and acks and nacks, which it does not answer. */
#include <amqp.h>
#include <amqp_framing.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/amqp_table.h"
#include "common/amqp/broker.h"
#include "common/amqp/broker_internal.h"

/* ---- channels and declarations ---- */

int broker_open_channel(struct broker *b, int channel, bool confirm, struct error *err)
{
	if (channel < 1 || channel >= BROKER_CHANNELS)
		return error_set(err, ERROR_BUG, "channel %d is out of range", channel);
	amqp_channel_open(b->conn, (amqp_channel_t)channel);
	if (broker_check_last(b, channel, err, "open channel") < 0)
		return -1;
	b->published[channel] = 0;
	b->confirms[channel] = confirm;
	assembler_forget(b->assembler, channel);
	if (!confirm)
		return 0;
	amqp_confirm_select(b->conn, (amqp_channel_t)channel);
	return broker_check_last(b, channel, err, "confirm.select");
}

int broker_close_channel(struct broker *b, int channel, struct error *err)
{
	return broker_check_reply(
	    b, channel, amqp_channel_close(b->conn, (amqp_channel_t)channel, AMQP_REPLY_SUCCESS),
	    err, "close channel");
}

static void declare_item(struct broker *b, amqp_channel_t ch, const struct topology_item *item,
                         amqp_table_t arguments)
{
	amqp_bytes_t name = amqp_cstring_bytes(item->name);
	amqp_bytes_t source = item->source ? amqp_cstring_bytes(item->source) : amqp_empty_bytes;
	amqp_bytes_t key =
	    item->routing_key ? amqp_cstring_bytes(item->routing_key) : amqp_empty_bytes;
	switch (item->kind) {
	case TOPOLOGY_EXCHANGE:
		amqp_exchange_declare(b->conn, ch, name, amqp_cstring_bytes(item->type), 0, 1, 0, 0,
		                      arguments);
		break;
	case TOPOLOGY_QUEUE:
		amqp_queue_declare(b->conn, ch, name, 0, 1, 0, 0, arguments);
		break;
	case TOPOLOGY_BIND_QUEUE:
		amqp_queue_bind(b->conn, ch, name, source, key, arguments);
		break;
	case TOPOLOGY_BIND_EXCHANGE: {
		amqp_exchange_bind_t bind = {.destination = name,
		                             .source = source,
		                             .routing_key = key,
		                             .arguments = arguments};
		amqp_method_number_t expected = AMQP_EXCHANGE_BIND_OK_METHOD;
		amqp_simple_rpc_decoded(b->conn, ch, AMQP_EXCHANGE_BIND_METHOD, expected, &bind);
		break;
	}
	}
}

int broker_declare(struct broker *b, int channel, const struct topology_item *item,
                   struct error *err)
{
	char what[300];
	amqp_pool_t pool;
	init_amqp_pool(&pool, 4096);
	declare_item(b, (amqp_channel_t)channel, item, amqp_table_view(&item->arguments, &pool));
	snprintf(what, sizeof what, "declare %s", item->name);
	int rc = broker_check_last(b, channel, err, what);
	empty_amqp_pool(&pool);
	return rc;
}

int broker_inspect_queue(struct broker *b, int channel, const char *queue, uint32_t *ready,
                         uint32_t *consumers, struct error *err)
{
	char what[300];
	amqp_queue_declare_ok_t *ok =
	    amqp_queue_declare(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue), 1, 0, 0,
	                       0, amqp_empty_table);
	uint32_t count = ok ? ok->message_count : 0, others = ok ? ok->consumer_count : 0;
	snprintf(what, sizeof what, "queue '%s'", queue);
	if (broker_check_last(b, channel, err, what) < 0)
		return -1;
	if (ready)
		*ready = count;
	if (consumers)
		*consumers = others;
	return 0;
}

int broker_inspect_exchange(struct broker *b, int channel, const char *exchange, struct error *err)
{
	char what[300];
	amqp_exchange_declare(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(exchange),
	                      amqp_cstring_bytes("topic"), 1, 0, 0, 0, amqp_empty_table);
	snprintf(what, sizeof what, "exchange '%s'", exchange);
	return broker_check_last(b, channel, err, what);
}

int broker_declare_exclusive(struct broker *b, int channel, const char *queue, struct error *err)
{
	char what[300];
	amqp_queue_declare(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue), 0, 0, 1, 1,
	                   amqp_empty_table);
	snprintf(what, sizeof what, "declare '%s'", queue);
	return broker_check_last(b, channel, err, what);
}

int broker_purge(struct broker *b, int channel, const char *queue, uint32_t *count,
                 struct error *err)
{
	amqp_queue_purge_ok_t *ok =
	    amqp_queue_purge(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue));
	uint32_t n = ok ? ok->message_count : 0;
	if (broker_check_last(b, channel, err, "purge") < 0)
		return -1;
	if (count)
		*count = n;
	return 0;
}

int broker_delete_queue(struct broker *b, int channel, const char *queue, struct error *err)
{
	amqp_queue_delete(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue), 0, 0);
	return broker_check_last(b, channel, err, "delete queue");
}

int broker_try_publish(struct broker *b, int channel, const char *exchange, const char *key,
                       struct error *err)
{
	char what[300];
	amqp_tx_select(b->conn, (amqp_channel_t)channel);
	if (broker_check_last(b, channel, err, "tx.select") < 0)
		return -1;
	int status =
	    amqp_basic_publish(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(exchange),
	                       amqp_cstring_bytes(key), 0, 0, NULL, amqp_empty_bytes);
	if (status != AMQP_STATUS_OK)
		return broker_library_error(b, status, err, "basic.publish");
	amqp_tx_rollback(b->conn, (amqp_channel_t)channel);
	snprintf(what, sizeof what, "publish to '%s'", exchange);
	return broker_check_last(b, channel, err, what);
}

int broker_try_consume(struct broker *b, int channel, const char *queue, struct error *err)
{
	amqp_table_entry_t wrong = amqp_text_entry("x-priority", "none");
	const amqp_table_t arguments = {1, &wrong};
	struct error refusal = {0};
	char what[300];
	snprintf(what, sizeof what, "consume '%s'", queue);
	amqp_basic_consume(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue),
	                   amqp_empty_bytes, 0, 0, 0, arguments);
	if (broker_check_last(b, channel, &refusal, what) == 0)
		return broker_close_channel(b, channel, err);
	if (!b->broken && refusal.cause == CAUSE_MISMATCH)
		return 0;
	if (err)
		*err = refusal;
	return -1;
}

/* ---- consuming and settling ---- */

int broker_consume(struct broker *b, int channel, const char *queue, const char *tag,
                   uint16_t prefetch, struct error *err)
{
	char what[300];
	amqp_basic_qos(b->conn, (amqp_channel_t)channel, 0, prefetch, 0);
	if (broker_check_last(b, channel, err, "basic.qos") < 0)
		return -1;
	amqp_basic_consume(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(queue),
	                   amqp_cstring_bytes(tag), 0, 0, 0, amqp_empty_table);
	snprintf(what, sizeof what, "consume '%s'", queue);
	return broker_check_last(b, channel, err, what);
}

int broker_cancel(struct broker *b, int channel, const char *tag, struct error *err)
{
	amqp_basic_cancel(b->conn, (amqp_channel_t)channel, amqp_cstring_bytes(tag));
	return broker_check_last(b, channel, err, "basic.cancel");
}

int broker_ack(struct broker *b, int channel, uint64_t tag, bool multiple, struct error *err)
{
	int status = amqp_basic_ack(b->conn, (amqp_channel_t)channel, tag, multiple);
	return status == AMQP_STATUS_OK ? 0 : broker_library_error(b, status, err, "basic.ack");
}

int broker_nack(struct broker *b, int channel, uint64_t tag, bool multiple, bool requeue,
                struct error *err)
{
	int status = amqp_basic_nack(b->conn, (amqp_channel_t)channel, tag, multiple, requeue);
	return status == AMQP_STATUS_OK ? 0 : broker_library_error(b, status, err, "basic.nack");
}
