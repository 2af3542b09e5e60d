/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads tests/corpus/jobs, which has one file per case. In the folder valid, NAME.args is what must
 * come out of NAME.json as args. In invalid and strict, NAME.expect is "OFFSET REASON", where
 * REASON is how the reason begins. A producer refuses what is in strict, and a worker takes it.
 */
#pragma once

#include "common/base/buf.h"

struct corpus_case {
	char name[128];
	struct buf body;
	struct buf beside; /* the content of the .args or .expect file */
};

struct corpus {
	struct corpus_case *cases;
	size_t count;
};

/*
 * Reads a folder of the corpus, in the order of names. Ends the test if there is nothing. The
 * caller finishes it.
 */
struct corpus corpus_read(const char *folder, const char *suffix_beside);
/* Frees all cases. */
void corpus_finish(struct corpus *c);
