/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settle protocol: deliver, run, republish, confirm, acknowledge, with anything that can break doing so at any step.
 * docs/design.md, "The model", says which function of the code each action stands for and what is left out; check.sh runs it.
 *
 * What must hold:
 *   - a job whose confirm reached the producer has been done, or is dead, or a copy of it is in the broker (LOST);
 *   - a delivery is settled once, by the task that holds it, on the connection that brought it (SETTLED_TWICE, STRANGER);
 *   - when the faults have stopped and nothing moves any more, every accepted job is done or dead and the broker holds
 *     nothing back (STUCK). check.sh also shows that there is no cycle, so that every run gets there.
 *
 * Every step is one d_step. Faults are counted, so that they stop. The names of errors that can be switched on (-DBUG_...) are
 * listed in check.sh; without one this is the protocol as it should be.
 */

#ifndef JOBS
#define JOBS 1
#endif
#ifndef COPIES
#define COPIES 6 /* messages in the broker at once; more than there can be within these bounds is an error */
#endif
#ifndef CALM
#define CALM 2 /* a fault strikes only while there are no more messages than that: faults multiply duplicates */
#endif
#ifndef PREFETCH
#define PREFETCH 1 /* 1 or 2 */
#endif
#ifndef CRASHES
#define CRASHES 1 /* of a worker's process */
#endif
#ifndef RESTARTS
#define RESTARTS 0 /* of the broker */
#endif
#ifndef CONSUME_LOSSES
#define CONSUME_LOSSES 1
#endif
#ifndef PUBLISH_LOSSES
#define PUBLISH_LOSSES 1
#endif
#ifndef PRODUCER_LOSSES
#define PRODUCER_LOSSES 0
#endif
#ifndef BLOCKS
#define BLOCKS 0 /* resource alarms */
#endif
#ifndef RETURNS
#define RETURNS 0 /* publishes that no queue takes, or nacked ones */
#endif
#ifndef REJECTS
#define REJECTS 0 /* republishes that can never be: the broker makes it dead by a reject */
#endif
#ifndef DRAINS
#define DRAINS 0
#endif
#ifndef FORGETS
#define FORGETS 0 /* finished jobs that fall out of the worker's table */
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 2
#endif
#ifndef UNCOUNTED
#define UNCOUNTED 1 /* snoozes, returns and interruptions; an interruption beyond it is dead */
#endif
#ifndef SUSPECT
#define SUSPECT 3 /* deliveries that came back: the job is not run but sent round */
#endif

#define WORKERS 2
#define HANDS 2 /* tasks a worker can hold */
#define KEYS (JOBS * ATTEMPTS * (UNCOUNTED + 1))

mtype = { nowhere, in_queue, unacked };            /* where a copy is; the ring is on the way to a queue */
mtype = { undecided, acked, requeued, rejected };           /* what was written about a delivery and has not arrived */
mtype = { nothing, waiting, running, publishing }; /* a task */
mtype = { unsent, stored, refused };               /* a publish; stored, refused: the answer is on its way back */
mtype = { again, uncounted, dead };                /* what is published: one attempt more, the same attempt, a dead letter */
mtype = { accepted, vanished };

typedef Copy {
	mtype place;
	byte job, attempt, returns;
	bool redelivered;
	byte count; /* x-delivery-count */
	byte holder, tag;
	mtype settling;
}

typedef Task {
	mtype state;
	byte job, attempt, returns;
	bool suspect;
	byte generation, tag;
	mtype fate, publish;
}

typedef Worker {
	bool late;                 /* the link has said LINK_DOWN, the loop has not read it yet */
	byte generation; /* of the consuming connection, as its link knows it */
	byte drain;                /* 1: the cancel is on its way; 2: it was answered */
	Task task[HANDS];
	byte finished[KEYS];       /* the generation in which a job with this key was acknowledged */
}

Copy copy[COPIES];
Worker worker[WORKERS];
mtype producer[JOBS] = unsent; /* its publish, until it is accepted */
bool is_done[JOBS], is_dead[JOBS];
bool blocked;

byte crashes = CRASHES, restarts = RESTARTS, consume_losses = CONSUME_LOSSES, publish_losses = PUBLISH_LOSSES;
byte producer_losses = PRODUCER_LOSSES, blocks = BLOCKS, returns = RETURNS, rejects = REJECTS, drains = DRAINS, forgets = FORGETS;

/* Only used within one step; hidden: no part of the state. */
hidden byte i, k, free_slot, found;
hidden byte LOST, SETTLED_TWICE, STRANGER, STUCK, TOO_MANY;

#define W worker[w]
#define T worker[w].task[t]
#define C copy[c]

/* What a job is known by: redelivery_key. */
#if defined(BUG_KNOWN_BY_ID)
#define KEY(x) (x.job)
#elif defined(BUG_KNOWN_BY_ATTEMPT)
#define KEY(x) (x.job * ATTEMPTS + x.attempt - 1)
#else
#define KEY(x) ((x.job * ATTEMPTS + x.attempt - 1) * (UNCOUNTED + 1) + x.returns)
#endif
#define SAME_JOB(x, y) (KEY(x) == KEY(y))

#ifdef BUG_ADOPTED_WITHIN_A_GENERATION
#define OLDER(x, w) true
#else
#define OLDER(x, w) (x.generation < worker[w].generation)
#endif

/* ---- what must hold ---- */

inline check_not_lost(j)
{
	LOST = producer[j] == accepted && !is_done[j] && !is_dead[j];
	for (i : 0 .. COPIES - 1) {
		if
		:: copy[i].place != nowhere && copy[i].job == j -> LOST = false
		:: else
		fi
	}
	assert(!LOST)
}

/* ---- the broker ---- */

inline clear(x)
{
	x.place = nowhere; x.job = 0; x.attempt = 0; x.returns = 0; x.redelivered = false; x.count = 0;
	x.holder = 0; x.tag = 0; x.settling = undecided
}

inline store(of_job, as_attempt, with_returns)
{
	free_slot = COPIES;
	for (i : 0 .. COPIES - 1) {
		if
		:: copy[i].place == nowhere && free_slot == COPIES -> free_slot = i
		:: else
		fi
	}
	TOO_MANY = free_slot == COPIES;
	assert(!TOO_MANY);
	copy[free_slot].place = in_queue; copy[free_slot].job = of_job;
	copy[free_slot].attempt = as_attempt; copy[free_slot].returns = with_returns
}

inline come_back(x)
{
	x.place = in_queue; x.redelivered = true; x.holder = 0; x.tag = 0; x.settling = undecided;
	if
	:: x.count < SUSPECT -> x.count++
	:: else
	fi
}

/* What was written and has not arrived is lost with the connection. */
inline consumer_gone(w)
{
	for (i : 0 .. COPIES - 1) {
		if
		:: copy[i].place == unacked && copy[i].holder == w -> come_back(copy[i])
		:: else
		fi
	}
}

/* ---- the worker ---- */

inline clear_task(x)
{
	x.state = nothing; x.job = 0; x.attempt = 0; x.returns = 0; x.suspect = false; x.generation = 0; x.tag = 0;
	x.fate = again; x.publish = unsent
}

/* An entry matches copies of newer connections only: where none can come it would be state without an effect. */
#define MATTERS(g, w) (consume_losses + restarts > 0 || g < worker[w].generation)

inline end_task(w, t, remember)
{
	if
	:: remember && MATTERS(T.generation, w) -> W.finished[KEY(T)] = T.generation
	:: else
	fi
	clear_task(T)
}

/* The task tells the broker, by the link, which knows its own generation. */
inline settle(w, t, verb)
{
	found = COPIES;
	for (i : 0 .. COPIES - 1) {
		if
		:: copy[i].place == unacked && copy[i].holder == w && copy[i].tag == T.tag -> found = i
		:: else
		fi
	}
	if
#ifdef BUG_OLD_GENERATION_SETTLES
	:: found < COPIES ->
#else
	:: W.generation == T.generation ->
#endif
		STRANGER = found == COPIES || copy[found].job != T.job;
		assert(!STRANGER);
		SETTLED_TWICE = copy[found].settling != undecided;
		assert(!SETTLED_TWICE);
		copy[found].settling = verb
	:: else /* the broker has it back */
	fi
#ifdef BUG_REQUEUED_IS_FINISHED
	end_task(w, t, true)
#elif defined(BUG_REJECTED_IS_FINISHED)
	end_task(w, t, verb != requeued)
#else
	end_task(w, t, verb == acked)
#endif
}

inline send_on(w, t, as)
{
	T.state = publishing;
	T.fate = as;
	T.publish = unsent
}

/* A new process: nothing of the old one is known. */
inline begin_anew(w)
{
	consumer_gone(w);
	for (k : 0 .. HANDS - 1) { clear_task(worker[w].task[k]) }
	for (k : 0 .. KEYS - 1) { W.finished[k] = 0 }
	W.late = false; W.generation = 1; W.drain = 0
}

inline tidy(w)
{
	for (k : 0 .. KEYS - 1) {
		if
		:: !MATTERS(W.finished[k], w) -> W.finished[k] = 0
		:: else
		fi
	}
}

inline lose_consuming(w)
{
	consumer_gone(w);
	W.generation++;
	W.late = true;
	tidy(0); /* the other one's too: the last loss may have been taken from the budget */
	tidy(1)
}

/* What has no answer yet goes out again. */
inline lose_sending(w)
{
	for (k : 0 .. HANDS - 1) {
		if
#if defined(BUG_REPUBLISH_FORGOTTEN)
		:: worker[w].task[k].state == publishing && worker[w].task[k].publish == unsent -> worker[w].task[k].publish = vanished
#elif defined(BUG_LOSS_IS_CONFIRM)
		:: worker[w].task[k].state == publishing && worker[w].task[k].publish == unsent -> worker[w].task[k].publish = stored
#else
		:: worker[w].task[k].state == publishing -> worker[w].task[k].publish = unsent
#endif
		:: else
		fi
	}
}

inline give_back_waiting(w)
{
	for (k : 0 .. HANDS - 1) {
		if
#ifdef BUG_DRAIN_ACKS
		:: worker[w].task[k].state == waiting -> settle(w, k, acked)
#else
		:: worker[w].task[k].state == waiting -> settle(w, k, requeued)
#endif
		:: else
		fi
	}
}

inline forget_waiting(w)
{
	for (k : 0 .. HANDS - 1) {
		if
		:: worker[w].task[k].state == waiting -> end_task(w, k, false)
		:: else
		fi
	}
}

inline take(w, t, c)
{
	T.state = waiting; T.job = C.job; T.attempt = C.attempt; T.returns = C.returns; T.suspect = C.count >= SUSPECT;
	T.generation = W.generation; T.tag = C.tag;
	if
	:: W.drain > 0 -> settle(w, t, requeued)
	:: else
	fi
}
/* A delivery: does the worker know it? found: the task that has it. */
inline accept(w, c)
{
	found = HANDS;
	free_slot = HANDS;
	for (k : 0 .. HANDS - 1) {
		if
		:: worker[w].task[k].state == nothing -> free_slot = k
		:: worker[w].task[k].state != nothing && SAME_JOB(worker[w].task[k], C) && OLDER(worker[w].task[k], w) -> found = k
		:: else
		fi
	}
	if
	:: C.redelivered && found < HANDS ->
#ifndef BUG_ADOPTED_WITHOUT_TAG
		worker[w].task[found].generation = W.generation;
		worker[w].task[found].tag = C.tag
#endif
		skip
	:: C.redelivered && found == HANDS && W.finished[KEY(C)] > 0 && W.finished[KEY(C)] < W.generation ->
		W.finished[KEY(C)] = (MATTERS(W.generation, w) -> W.generation : 0);
#ifndef BUG_LOST_ACK_FORGOTTEN
		C.settling = acked
#endif
#ifdef BUG_FINISHED_RUNS_AS_WELL
		take(w, free_slot, c)
#endif
	:: else ->
		take(w, free_slot, c)
	fi
}

/* ---- who acts ---- */

#define HOLDS(x, w) (copy[x].place == unacked && copy[x].holder == w)
#define HELD(w) (HOLDS(0, w) + HOLDS(1, w) + HOLDS(2, w) + HOLDS(3, w) + HOLDS(4, w) + HOLDS(5, w))
#define IS(x) (copy[x].place != nowhere)
#define FAULTS_STRIKE (IS(0) + IS(1) + IS(2) + IS(3) + IS(4) + IS(5) <= CALM)
#define ROOM(w) (worker[w].task[0].state == nothing || worker[w].task[1].state == nothing)
#define OPEN(w) (!worker[w].late && worker[w].drain < 2)
#define DELIVERABLE(c, w) (copy[c].place == in_queue && OPEN(w) && HELD(w) < PREFETCH && ROOM(w))

inline deliver(c, w)
{
	C.tag = 1;
	for (i : 0 .. COPIES - 1) {
		if
		:: HOLDS(i, w) && copy[i].tag == 1 -> C.tag = 2
		:: else
		fi
	}
	C.place = unacked; C.holder = w;
	accept(w, c);
	if
	:: W.drain == 1 -> W.drain = 2
	:: else
	fi
}

proctype Message(byte c)
{
	byte j;
	do
	:: d_step { DELIVERABLE(c, 0) -> deliver(c, 0) }
	:: d_step { DELIVERABLE(c, 1) -> deliver(c, 1) }
	:: d_step { C.place == unacked && C.settling == acked -> j = C.job; clear(C); check_not_lost(j); j = 0 }
	:: d_step { C.place == unacked && C.settling == requeued -> come_back(C) }
	:: d_step { C.place == unacked && C.settling == rejected -> is_dead[C.job] = true; clear(C) }
	od
}

#define TO_SEND (T.state == publishing && T.publish == unsent)

proctype Hand(byte w, t)
{
	do
	/* begin, refuse */
	:: d_step { T.state == waiting && !T.suspect -> T.state = running }
	:: d_step { T.state == waiting && T.suspect -> T.suspect = false;
		if
		:: T.returns < UNCOUNTED -> send_on(w, t, uncounted)
		:: else -> send_on(w, t, dead)
		fi }
	/* run_done: ok, a counted failure, an uncounted return */
	:: d_step { T.state == running -> is_done[T.job] = true; settle(w, t, acked) }
	:: d_step { T.state == running && T.attempt < ATTEMPTS -> send_on(w, t, again) }
	:: d_step { T.state == running && T.attempt == ATTEMPTS -> send_on(w, t, dead) }
	:: d_step { T.state == running && T.returns < UNCOUNTED -> send_on(w, t, uncounted) }
	/* the publishing link, and the broker's end of it */
	:: d_step { TO_SEND && !blocked ->
		T.publish = stored;
		if
		:: T.fate == again -> store(T.job, T.attempt + 1, T.returns)
#ifdef BUG_RETURNS_UNCOUNTED
		:: T.fate == uncounted -> store(T.job, T.attempt, T.returns)
#else
		:: T.fate == uncounted -> store(T.job, T.attempt, T.returns + 1)
#endif
		:: T.fate == dead -> is_dead[T.job] = true
		fi }
	:: d_step { TO_SEND && !blocked && returns > 0 -> returns--; T.publish = refused }
	/* reject in carry_out.c: the message fits no frame, or no queue of the broker */
	:: d_step { TO_SEND && rejects > 0 -> rejects--; settle(w, t, rejected) }
#ifdef BUG_ACK_BEFORE_CONFIRM
	:: d_step { TO_SEND -> settle(w, t, acked) }
#endif
	/* task_published */
	:: d_step { T.publish == stored -> settle(w, t, acked) }
#ifdef BUG_RETURN_IS_CONFIRM
	:: d_step { T.publish == refused -> settle(w, t, acked) }
#else
	:: d_step { T.publish == refused -> T.publish = unsent }
#endif
	od
}

proctype Process(byte w)
{
	do
	:: d_step { W.late -> forget_waiting(w); W.late = false }
	:: d_step { W.drain == 0 && drains > 0 -> drains--; W.drain = 1; give_back_waiting(w); skip }
	:: d_step { W.drain == 1 -> W.drain = 2 }
	:: d_step { W.drain == 2 && worker[w].task[0].state == nothing && worker[w].task[1].state == nothing -> begin_anew(w) }
	/* what breaks */
	:: d_step { crashes > 0 && FAULTS_STRIKE -> crashes--; begin_anew(w) }
	:: d_step { consume_losses > 0 && FAULTS_STRIKE -> consume_losses--; lose_consuming(w); skip }
	:: d_step { publish_losses > 0 && FAULTS_STRIKE -> publish_losses--; lose_sending(w); skip }
	:: d_step { forgets > 0 -> forgets--; for (k : 0 .. KEYS - 1) { W.finished[k] = 0 }; skip }
	od
}

proctype Producer(byte j)
{
	do
	:: d_step { producer[j] == unsent && !blocked -> producer[j] = stored; store(j, 1, 0) }
	:: d_step { producer[j] == stored -> producer[j] = accepted; check_not_lost(j) }
	:: d_step { producer[j] == stored && producer_losses > 0 -> producer_losses--; producer[j] = unsent }
#ifdef BUG_SENT_IS_ACCEPTED
	:: d_step { producer[j] == unsent -> producer[j] = accepted; check_not_lost(j) }
#endif
	od
}

inline lose_all(w)
{
	lose_consuming(w);
	lose_sending(w)
}

/* What is stored survives; every connection ends. */
inline restart()
{
	lose_all(0);
	lose_all(1);
	for (i : 0 .. JOBS - 1) {
		if
		:: producer[i] != accepted -> producer[i] = unsent
		:: else
		fi
	}
	blocked = false
}

proctype Broker()
{
	do
	:: d_step { !blocked && blocks > 0 -> blocks--; blocked = true }
	:: d_step { blocked -> blocked = false }
	:: d_step { restarts > 0 && FAULTS_STRIKE -> restarts--; restart() }
	od
}

/* Nothing can move any more, and no fault is left to come. */
inline check_ended()
{
	STUCK = false;
	for (i : 0 .. JOBS - 1) {
		STUCK = STUCK || producer[i] != accepted || !(is_done[i] || is_dead[i])
	}
	for (i : 0 .. COPIES - 1) { STUCK = STUCK || copy[i].place != nowhere }
	for (i : 0 .. WORKERS - 1) {
		for (k : 0 .. HANDS - 1) { STUCK = STUCK || worker[i].task[k].state != nothing }
	}
	assert(!STUCK)
}

init {
	atomic {
		byte n;
		for (n : 0 .. JOBS - 1) { producer[n] = unsent; run Producer(n) }
		for (n : 0 .. COPIES - 1) { clear(copy[n]); run Message(n) }
		for (n : 0 .. WORKERS - 1) {
			worker[n].generation = 1;
			clear_task(worker[n].task[0]);
			clear_task(worker[n].task[1]);
			run Hand(n, 0);
			run Hand(n, 1);
			run Process(n)
		}
		run Broker();
		n = 0
	}
end:	timeout -> d_step { check_ended() }
}
