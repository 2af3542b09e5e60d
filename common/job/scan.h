/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict JSON scanner (RFC 8259). It finds values as spans and converts nothing, allocates
 * nothing, and nests no deeper than JOB_DEPTH_MAX. It refuses broken grammar, invalid UTF-8, raw
 * control bytes in strings, lone surrogates in escapes, and deeper nesting. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

enum scan_kind {
	SCAN_OBJECT,
	SCAN_ARRAY,
	SCAN_STRING,
	SCAN_NUMBER,
	SCAN_TRUE,
	SCAN_FALSE,
	SCAN_NULL
};

struct scan_error {
	size_t offset;      /* bytes from the start of the text */
	const char *reason; /* static text, e.g. "expected ':' after the key" */
};

/* A value without the blanks around it. A string has its quotes. */
struct scan_value {
	enum scan_kind kind;
	struct span text;
};

struct scan_member {
	struct span key; /* with its quotes */
	struct scan_value value;
};

/*
 * Checks a whole text, which is one value and blanks around it. Returns false, with err filled, if
 * it is anything else.
 */
bool scan_text(struct span text, struct scan_value *value, struct scan_error *err);

/*
 * Walks through the members of an object that scan_text or another walk found valid. Start with *at
 * = 0. Returns false at the end.
 */
bool scan_next_member(struct scan_value object, size_t *at, struct scan_member *member);

enum scan_step {
	SCAN_ELEMENT,
	SCAN_END,
	SCAN_BROKEN /* err says where and why; there is no further step */
};
/*
 * Walks through the elements of an array that nobody has checked. Start with *at = 0. It looks at
 * brackets and quotes only, so the reader of an element has to check what lies between two commas.
 * When all elements are valid, so is the array.
 */
enum scan_step scan_next_element(struct span array, size_t *at, struct span *element,
                                 struct scan_error *err);

/*
 * Appends the text of a valid string, which has its quotes, as UTF-8. \u0000 becomes a NUL byte.
 * Returns false if memory is exhausted.
 */
bool scan_unescape(struct span quoted, struct buf *out);

/*
 * Tells the line and the column of a byte offset, for messages to people. Both count from 1, and a
 * column is a character.
 */
void scan_position(struct span text, size_t offset, size_t *line, size_t *column);
