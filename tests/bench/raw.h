/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the raw programs share: the least that rabbitmq-c lets a program do, so that their figures
 * are the ceiling that Warren is held against. They check what would make a figure wrong, and exit
 * with a line on stderr when it fails.
 */
#pragma once

#include <amqp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

enum { RAW_CHANNEL = 1, RAW_BODY = 201 };

noreturn void raw_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Logged in to amqp://..., with channel 1 open. */
amqp_connection_state_t raw_connect(const char *url);
void raw_check(amqp_rpc_reply_t reply, const char *what);
void raw_close(amqp_connection_state_t c);
/* A number above 0, or raw_die. */
long raw_number(const char *text);
int64_t raw_now_ns(void); /* wall clock: compared between processes */
/* A job document of RAW_BODY bytes at least, with the time in it and, unless NULL, the file that
 * latencies go to. */
int raw_job(char *out, size_t size, long n, int64_t at_ns, const char *file);
/* The "t" of such a job, or -1. */
int64_t raw_time_of(const char *body, size_t len);
