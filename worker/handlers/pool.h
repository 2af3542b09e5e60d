/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long-lived processes of one handler: started when there is work for one more, started again
 * with a growing pause after a crash. Shared by the kinds that run jobs in such processes.
 */
#pragma once

#include "worker/handlers/handler.h"

/* program and words are taken: freed when it is closed, or on failure (words_free). stdio:
 * resident.h. -1: ERROR_CONFIG. */
int pool_open(struct handler *h, char *program, char **words, bool stdio, struct error *err);

/* What struct handler_kind asks for. */
void pool_close(struct handler *h);
void pool_free(struct handler *h);
bool pool_full(const struct handler *h);
void pool_start(struct handler *h, struct run *r);
void pool_stop(struct run *r, enum run_stop how);
void pool_flush(struct handler *h);
bool pool_retire(struct handler *h);
