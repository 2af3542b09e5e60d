/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive doubly linked list. The head and the links have the same type. The comment at a
 * head's declaration says which elements it holds, by which link: struct list runs; // run::link
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

/* Makes l an empty list, or a link that is in no list. */
static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

/* Returns true if l, a head, has no elements, or if l, an element, is in no list. */
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts elem right behind pos, or at the head of the list if pos is the list. */
static inline void list_insert(struct list *pos, struct list *elem)
{
	elem->prev = pos;
	elem->next = pos->next;
	pos->next->prev = elem;
	pos->next = elem;
}

/* Puts elem at the end of l. */
static inline void list_append(struct list *l, struct list *elem)
{
	list_insert(l->prev, elem);
}

/* Takes elem out of its list and leaves it initialised, so removing twice is harmless. */
static inline void list_remove(struct list *elem)
{
	elem->prev->next = elem->next;
	elem->next->prev = elem->prev;
	list_init(elem);
}

/* Moves all elements of from, in order, to the end of to. from is empty afterwards. */
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

/* Returns the element of that type whose link, named member, ptr points to. */
#define list_item(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Goes through the links of head. The body may remove the current element, but no other. */
#define list_for_each(pos, tmp, head)                                                              \
	for ((pos) = (head)->next; (tmp) = (pos)->next, (pos) != (head); (pos) = (tmp))
