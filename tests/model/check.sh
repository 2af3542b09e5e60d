#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   tests/model/check.sh [--long] [WORD]
#
# Explores all states of settle.pml within the bounds below, as it is and with one deliberate error
# after the other. As it is nothing may be violated; each error must be found, and be what it is
# expected to be, for else the model could not see it in the code either. --long: larger bounds,
# minutes instead of seconds. WORD: only what has it in its name. A line "model: ok NAME" or "model:
# FAILED NAME" for each; exit code 1 if one failed.
set -euo pipefail
set -m # each exploration is a process group, to be ended with its children
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
memory_mb=800 # each; two run at once
long=
case ${1:-} in
--long)
	long=1 memory_mb=8000
	shift
	;;
-*)
	sed -n '4,/^set -/s/^# \{0,3\}//p' "$0"
	case $1 in -h | --help) exit ;; esac
	exit 64
	;;
esac
word=${1:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/warren-model.XXXXXX")
cleanup() {
	for pid in $(jobs -pr); do kill -- "-$pid" 2>/dev/null || :; done
	wait || :
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

none='-DCRASHES=0 -DCONSUME_LOSSES=0 -DPUBLISH_LOSSES=0'

# Each case is two lines. The first is "NAME | FOUND", where FOUND is what must be found: nothing,
# a violated assertion of settle.pml, or CYCLE. The second has the bounds and the errors. settle.pml
# has the bounds that are not named.
cases() {
	cat <<END
no faults, two jobs | nothing
    $none -DJOBS=2 -DUNCOUNTED=0
a worker crashes, a consuming connection is lost | nothing
    $none -DCRASHES=1 -DCONSUME_LOSSES=1 -DUNCOUNTED=0
a consuming connection is lost, a job returns uncounted | nothing
    $none -DCONSUME_LOSSES=1
each connection is lost once | nothing
    $none -DCONSUME_LOSSES=1 -DPUBLISH_LOSSES=1 -DUNCOUNTED=0
a worker crashes, a publishing connection is lost, publishing is blocked | nothing
    $none -DCRASHES=1 -DPUBLISH_LOSSES=1 -DBLOCKS=1 -DATTEMPTS=1
the broker restarts, the producer may have no confirm | nothing
    $none -DRESTARTS=1 -DATTEMPTS=1 -DUNCOUNTED=0 -DPRODUCER_LOSSES=1
the producer publishes again, a publish comes back | nothing
    $none -DPRODUCER_LOSSES=1 -DRETURNS=1 -DPUBLISH_LOSSES=1 -DUNCOUNTED=0
a worker drains, a consuming connection is lost | nothing
    $none -DDRAINS=1 -DCONSUME_LOSSES=1 -DATTEMPTS=1
connections are lost twice, what is known is forgotten | nothing
    $none -DCONSUME_LOSSES=2 -DFORGETS=1 -DATTEMPTS=1 -DUNCOUNTED=0
a job that cannot be republished is rejected, a connection is lost, a worker crashes | nothing
    $none -DREJECTS=1 -DCRASHES=1 -DCONSUME_LOSSES=1 -DATTEMPTS=1 -DUNCOUNTED=0
deliveries that came back are suspect | nothing
    $none -DCRASHES=1 -DDRAINS=1 -DATTEMPTS=1 -DSUSPECT=1
two jobs, a consuming connection is lost | nothing
    $none -DJOBS=2 -DATTEMPTS=1 -DUNCOUNTED=0 -DCONSUME_LOSSES=1
every run ends | nothing
    $none -DCRASHES=1 -DPUBLISH_LOSSES=1 -DBLOCKS=1 -DATTEMPTS=1 -DCYCLES
error: acknowledged before the confirm | LOST
    $none -DCRASHES=1 -DBUG_ACK_BEFORE_CONFIRM
error: a lost publishing connection is taken for a confirm | LOST
    $none -DPUBLISH_LOSSES=1 -DBUG_LOSS_IS_CONFIRM
error: a republish is forgotten with its connection | STUCK
    $none -DPUBLISH_LOSSES=1 -DBUG_REPUBLISH_FORGOTTEN
error: a returned publish is taken for a confirmed one | LOST
    $none -DRETURNS=1 -DBUG_RETURN_IS_CONFIRM
error: what was sent is taken for accepted | LOST
    $none -DBUG_SENT_IS_ACCEPTED
error: an old generation settles | STRANGER
    $none -DJOBS=2 -DATTEMPTS=1 -DUNCOUNTED=0 -DCONSUME_LOSSES=1 -DBUG_OLD_GENERATION_SETTLES
error: a copy is adopted within its generation | STUCK
    $none -DCRASHES=1 -DPRODUCER_LOSSES=1 -DPREFETCH=2 -DATTEMPTS=1 -DUNCOUNTED=0 \
        -DBUG_ADOPTED_WITHIN_A_GENERATION
error: a copy is adopted without its tag | STUCK
    $none -DCONSUME_LOSSES=1 -DATTEMPTS=1 -DUNCOUNTED=0 -DBUG_ADOPTED_WITHOUT_TAG
error: a lost ack is not repeated | STUCK
    $none -DCONSUME_LOSSES=1 -DATTEMPTS=1 -DUNCOUNTED=0 -DBUG_LOST_ACK_FORGOTTEN
error: a finished copy is acknowledged, and run as well | SETTLED_TWICE
    $none -DCONSUME_LOSSES=1 -DATTEMPTS=1 -DUNCOUNTED=0 -DBUG_FINISHED_RUNS_AS_WELL
error: what was given back counts as finished | LOST
    $none -DDRAINS=1 -DCRASHES=1 -DCONSUME_LOSSES=1 -DATTEMPTS=1 -DUNCOUNTED=0 \
        -DBUG_REQUEUED_IS_FINISHED
error: a reject is remembered as finished | LOST
    $none -DREJECTS=1 -DCONSUME_LOSSES=1 -DATTEMPTS=1 -DUNCOUNTED=0 -DBUG_REJECTED_IS_FINISHED
error: a drain acknowledges what waits | LOST
    $none -DDRAINS=1 -DBUG_DRAIN_ACKS
error: a job is known by its id alone | LOST
    $none -DCONSUME_LOSSES=1 -DUNCOUNTED=0 -DBUG_KNOWN_BY_ID
error: a job is known by its attempt, which a return does not change | LOST
    $none -DCONSUME_LOSSES=1 -DATTEMPTS=1 -DBUG_KNOWN_BY_ATTEMPT
error: returns have no end | CYCLE
    $none -DATTEMPTS=1 -DCYCLES -DBUG_RETURNS_UNCOUNTED
END
	[ -z "$long" ] || cat <<END
long: the broker restarts, with retries | nothing
    $none -DRESTARTS=1 -DUNCOUNTED=0
long: everything once | nothing
    -DUNCOUNTED=0 -DCRASHES=1 -DCONSUME_LOSSES=1 -DPUBLISH_LOSSES=1 -DBLOCKS=1
long: two connections and a process, uncounted returns | nothing
    $none -DCONSUME_LOSSES=1 -DPUBLISH_LOSSES=1 -DCRASHES=1 -DATTEMPTS=1
long: two losses with retries | nothing
    $none -DCONSUME_LOSSES=2
long: two jobs over a crash and a loss | nothing
    $none -DJOBS=2 -DATTEMPTS=1 -DUNCOUNTED=0 -DCRASHES=1 -DCONSUME_LOSSES=1
END
}

# explore FOLDER FLAG...: leaves found, and what Spin said in log.
explore() {
	local dir=$1 search=-DSAFETY run='-E' optimise=-O1 found=nothing
	shift
	# found soon: the compiler would take longer than the search
	case $* in *-DBUG_*) optimise=-O0 ;; esac
	case " $* " in *' -DCYCLES '*) search=-DNP run='-E -l' ;; esac
	mkdir "$dir"
	cd "$dir"
	# shellcheck disable=SC2086 # one word or two
	spin "$@" -a "$here/settle.pml" >log 2>&1 &&
		gcc $optimise -w $search -DNOFAIR -DNOREDUCE -DVECTORSZ=512 -DMEMLIM=$memory_mb \
			-o pan pan.c >>log 2>&1 &&
		./pan $run -m20000 -w20 >>log 2>&1 || found=error
	if grep -q 'assertion violated' log; then
		found=$(sed -n 's/^pan:.*assertion violated *!(\([A-Z_]*\)).*/\1/p' log)
	elif grep -q 'non-progress cycle (' log; then
		found=CYCLE
	elif ! grep -q 'errors: 0' log ||
		grep -q 'Search not completed\|max search depth too small' log; then
		found=error
	fi
	echo "$found" >found
	rm -f pan pan.*
}

field() { sed -n "s/$2/\1/p" "$1" | tail -n 1; }

names=() expected=() count=0 failed=0
while IFS='|' read -r name expect && read -r flags; do
	case $name in *"$word"*) ;; *) continue ;; esac
	names+=("${name% }")
	expected+=("${expect// /}")
	read -r -a flags <<<"$flags"
	while [ "$(jobs -pr | wc -l)" -ge 2 ]; do wait -n || :; done
	(explore "$work/$count" "${flags[@]}") &
	count=$((count + 1))
done < <(cases)
wait

for ((n = 0; n < count; n++)); do
	log=$work/$n/log
	found=$(cat "$work/$n/found")
	figures="$(field "$log" '^ *\([0-9.e+]*\) states, stored.*') states"
	figures+=", depth $(field "$log" '.*depth reached \([0-9]*\).*')"
	figures+=", $(field "$log" '.*elapsed time \([0-9.]*\) .*') s"
	if [ "$found" = "${expected[n]}" ]; then
		echo "model: ok ${names[n]}: $found found, $figures"
	else
		failed=$((failed + 1))
		echo "model: FAILED ${names[n]}: $found found, expected ${expected[n]}, $figures"
		[ "$found" != error ] || tail -n 20 "$log"
	fi
done
[ "$failed" = 0 ] && [ "$count" -gt 0 ]
