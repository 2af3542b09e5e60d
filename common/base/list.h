/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive doubly linked list. The head and the links are the same type; a
 * declaration says which element and which link: struct list runs; // run::link
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts elem right behind pos: at the head when pos is the list. */
static inline void list_insert(struct list *pos, struct list *elem)
{
	elem->prev = pos;
	elem->next = pos->next;
	pos->next->prev = elem;
	pos->next = elem;
}

static inline void list_append(struct list *l, struct list *elem)
{
	list_insert(l->prev, elem);
}

/* Leaves elem initialised, so removing twice is harmless. */
static inline void list_remove(struct list *elem)
{
	elem->prev->next = elem->next;
	elem->next->prev = elem->prev;
	list_init(elem);
}

/* Moves all of from, in order, to the end of to; from is empty afterwards. */
static inline void list_append_all(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_item(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* The body may remove the current element, nothing else. */
#define list_for_each(pos, tmp, head)                                                              \
	for ((pos) = (head)->next; (tmp) = (pos)->next, (pos) != (head); (pos) = (tmp))
