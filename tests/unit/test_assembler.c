/* SPDX-License-Identifier: Apache-2.0 */
#include <amqp.h>
#include <amqp_framing.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/assembler.h"
#include "tests/unit/suites.h"

static amqp_basic_deliver_t deliver = {.delivery_tag = 7};
static amqp_basic_properties_t properties;

static amqp_frame_t delivery_on(amqp_channel_t channel)
{
	return (amqp_frame_t){
	    .frame_type = AMQP_FRAME_METHOD,
	    .channel = channel,
	    .payload.method = {.id = AMQP_BASIC_DELIVER_METHOD, .decoded = &deliver}};
}

static amqp_frame_t header_on(amqp_channel_t channel, uint64_t size, uint16_t class_id)
{
	return (amqp_frame_t){.frame_type = AMQP_FRAME_HEADER,
	                      .channel = channel,
	                      .payload.properties = {
	                          .class_id = class_id, .body_size = size, .decoded = &properties}};
}

static amqp_frame_t body_on(amqp_channel_t channel, const char *text)
{
	return (amqp_frame_t){.frame_type = AMQP_FRAME_BODY,
	                      .channel = channel,
	                      .payload.body_fragment = amqp_cstring_bytes(text)};
}

static int feed(struct assembler *a, amqp_frame_t f, struct broker_event *e, struct error *err)
{
	*e = (struct broker_event){0};
	return assembler_feed(a, &f, e, err);
}

START_TEST(the_frames_of_two_channels_may_come_mixed)
{
	struct assembler *a = assembler_create();
	struct broker_event e;
	struct error err = {0};
	ck_assert_int_eq(feed(a, delivery_on(1), &e, &err), 0);
	ck_assert_int_eq(feed(a, delivery_on(2), &e, &err), 0);
	ck_assert_int_eq(feed(a, header_on(1, 4, AMQP_BASIC_CLASS), &e, &err), 0);
	ck_assert_int_eq(feed(a, header_on(2, 0, AMQP_BASIC_CLASS), &e, &err), 1);
	ck_assert(e.channel == 2 && e.message->body_len == 0);
	message_destroy(e.message);
	ck_assert_int_eq(feed(a, body_on(1, "ab"), &e, &err), 0);
	ck_assert_int_eq(feed(a, body_on(1, "cd"), &e, &err), 1);
	ck_assert(e.kind == BROKER_DELIVERY && e.channel == 1 && e.tag == 7);
	ck_assert_str_eq(e.message->body, "abcd");
	message_destroy(e.message);
	assembler_destroy(a);
}
END_TEST

START_TEST(a_frame_out_of_place_ends_the_connection)
{
	const struct {
		amqp_frame_t before[2];
		int count;
		amqp_frame_t frame;
	} all[] = {
	    {{{0}}, 0, header_on(1, 4, AMQP_BASIC_CLASS)},
	    {{{0}}, 0, body_on(1, "x")},
	    {{delivery_on(1)}, 1, body_on(1, "x")},
	    {{delivery_on(1)}, 1, delivery_on(1)},
	    {{delivery_on(1)}, 1, header_on(2, 4, AMQP_BASIC_CLASS)},
	    {{delivery_on(1)}, 1, header_on(1, 4, AMQP_CHANNEL_CLASS)},
	    {{delivery_on(1)}, 1, header_on(1, ASSEMBLER_BODY_MAX + 1, AMQP_BASIC_CLASS)},
	    {{delivery_on(1), header_on(1, 4, AMQP_BASIC_CLASS)},
	     2,
	     header_on(1, 4, AMQP_BASIC_CLASS)},
	    {{delivery_on(1), header_on(1, 4, AMQP_BASIC_CLASS)}, 2, body_on(1, "12345")},
	    {{{0}}, 0, body_on(ASSEMBLER_CHANNELS, "x")},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct assembler *a = assembler_create();
		struct broker_event e;
		struct error err = {0};
		for (int k = 0; k < all[i].count; k++)
			ck_assert_int_eq(feed(a, all[i].before[k], &e, &err), 0);
		ck_assert_msg(feed(a, all[i].frame, &e, &err) == -1, "number %zu", i);
		ck_assert(err.kind == ERROR_UNAVAILABLE && !e.message);
		assembler_destroy(a);
	}
}
END_TEST

START_TEST(a_channel_opened_anew_knows_nothing_of_what_was_under_way)
{
	struct assembler *a = assembler_create();
	struct broker_event e;
	struct error err = {0};
	ck_assert_int_eq(feed(a, delivery_on(1), &e, &err), 0);
	assembler_forget(a, 1);
	ck_assert_int_eq(feed(a, delivery_on(1), &e, &err), 0);
	ck_assert_int_eq(feed(a, header_on(1, 0, AMQP_BASIC_CLASS), &e, &err), 1);
	message_destroy(e.message);
	assembler_destroy(a);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
	    the_frames_of_two_channels_may_come_mixed, a_frame_out_of_place_ends_the_connection,
	    a_channel_opened_anew_knows_nothing_of_what_was_under_way, NULL};
	SRunner *r = srunner_create(suite_of("assembler", tests));
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
