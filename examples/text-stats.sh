#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Text statistics as a long-lived handler in four lines: process:examples/text-stats.sh. Paths with
# quotes or backslashes are beyond it; see text-stats.py for a handler that reads JSON.
while read -r line <&3; do
	id=${line#*'"id":"'} id=${id%%'"'*} path=${line##*'"path":"'} path=${path%%'"'*}
	counts=$(wc <"$path" | awk '{printf "\"lines\":%d,\"words\":%d,\"bytes\":%d", $1, $2, $3}') && [ "$counts" ] && echo "{\"ok\":\"$id\",\"result\":{$counts}}" || echo "{\"dead\":\"$id\",\"error\":\"it cannot be read\"}"
done >&4
