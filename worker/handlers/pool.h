/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long-lived processes of one handler. They are started when there is work for one more, and
 * started again with a growing pause after a crash. The kinds that run jobs in such processes share
 * it.
 */
#pragma once

#include "worker/handlers/handler.h"

/* Opens the pool of h. Takes program and words, also on failure. stdio is as in resident.h. Returns
 * -1 with ERROR_CONFIG. */
int pool_open(struct handler *h, char *program, char **words, bool stdio, struct error *err);

/* The functions that struct handler_kind asks for. */
void pool_close(struct handler *h);
void pool_free(struct handler *h);
bool pool_full(const struct handler *h);
void pool_start(struct handler *h, struct run *r);
void pool_stop(struct run *r, enum run_stop how);
void pool_flush(struct handler *h);
bool pool_retire(struct handler *h);
