/* SPDX-License-Identifier: Apache-2.0 */
/* Prints letters for people and as lines of JSON. */
#pragma once

#include <stdio.h>

#include "common/client/letter.h"

/* Prints the heading of the table whose rows show_letter_line prints. */
void show_letter_heading(FILE *out);
/* Prints the letter as one row of a table. */
void show_letter_line(const struct letter *l, FILE *out);
/* Prints the letter, with its box and its body, as one line of JSON. */
void show_letter_json(const struct letter *l, FILE *out);
/* Prints the letter, with its box and its body, on several lines. */
void show_letter_whole(const struct letter *l, FILE *out);
