/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers of the raw programs. They do the least that rabbitmq-c lets a program do, so that their
 * figures are the ceiling that Warren is held against. They check what would make a figure wrong,
 * and exit with a line on stderr when it fails.
 */
#pragma once

#include <amqp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

enum { RAW_CHANNEL = 1, RAW_BODY = 201 };

/* Prints a line to stderr and exits. */
noreturn void raw_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Returns a connection that is logged in to amqp://..., with channel 1 open. */
amqp_connection_state_t raw_connect(const char *url);
/* Ends the program if the reply to a call named by what is not a normal one. */
void raw_check(amqp_rpc_reply_t reply, const char *what);
/* Closes the connection. */
void raw_close(amqp_connection_state_t c);
/* Returns the number that text is. Ends the program if it is not above 0. */
long raw_number(const char *text);
/* Returns the wall clock in nanoseconds, which is compared between processes. */
int64_t raw_now_ns(void);
/*
 * Writes a job document of at least RAW_BODY bytes to out, with the time in it and, unless NULL,
 * the file that latencies go to. Returns its length.
 */
int raw_job(char *out, size_t size, long n, int64_t at_ns, const char *file);
/* Returns the "t" of such a job, or -1. */
int64_t raw_time_of(const char *body, size_t len);
