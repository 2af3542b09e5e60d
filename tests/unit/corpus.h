/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/corpus/jobs, one file per case: valid (NAME.json; NAME.args is what must come out as args),
 * invalid and strict (NAME.json; NAME.expect is "OFFSET REASON", REASON being how the reason
 * begins). strict: a producer refuses it, a worker takes it.
 */
#pragma once

#include "common/base/buf.h"

struct corpus_case {
	char name[128];
	struct buf body;
	struct buf beside; /* of the .args or .expect file */
};

struct corpus {
	struct corpus_case *cases;
	size_t count;
};

/* Reads a folder of the corpus, in the order of names; ends the test when there is nothing. */
struct corpus corpus_read(const char *folder, const char *suffix_beside);
void corpus_finish(struct corpus *c);
