/* SPDX-License-Identifier: Apache-2.0 */
/* Judges what may reach a terminal or a log, without the code that escapes it. */
#pragma once

#include <stddef.h>

/*
 * Returns the first place that may not be shown, or NULL if there is none: a control byte (C0 but
 * those of allowed, DEL), a C1 control, broken UTF-8, or what breaks a line or turns the direction
 * of the text (U+2028, U+2029, U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
 */
const char *printable_offender(const char *data, size_t len, const char *allowed);
