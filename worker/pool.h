/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long-lived processes of one handler: started when there is work for one more, started again with a growing pause
 * after a crash. Shared by the kinds that run jobs in such processes.
 */
#pragma once

#include "worker/handler.h"

struct pool;

/* program and words are taken: the pool frees them (words_free). stdio: resident.h. NULL: ERROR_CONFIG. */
struct pool *pool_create(struct handler *h, char *program, char **words, bool stdio, struct error *err);
void pool_destroy(struct pool *p);

void pool_flush(struct pool *p);
/* Asks all processes to end. True: none is left. */
bool pool_retire(struct pool *p);
bool pool_full(const struct pool *p);
void pool_start(struct pool *p, struct run *r);
void pool_stop(struct pool *p, struct run *r, enum run_stop how);
