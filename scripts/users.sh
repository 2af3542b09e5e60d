#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   scripts/users.sh [OPTION...] ROLE[=USER][:QUEUE,QUEUE...]...
#
# Makes RabbitMQ users that can do their part of Warren and nothing else, or sets the permissions of
# those that are there.
#
# Roles, and the name of the user when none is given:
#   setup      warren-setup     declares exchanges and queues (warren-producer setup). It can
#                               read all of them too
#   producer   warren-producer  sends jobs: to the queues named, or to every queue
#   worker     warren-worker    works on the queues named, or on every queue
#   operator   warren-operator  dead list, show, replay, drop of the queues named, or of every
#                               queue, and of what is unroutable
#
# Options:
#   --vhost NAME      where (default /); it must exist
#   --prefix NAME     as in the settings of Warren (default warren.v1)
#   --wait            producers may wait for results (send --wait)
#   --management      setup and operators may read the management API, for --mgmt-url (tag
#                     "management")
#   --external        without passwords: for logins by certificate (sasl_external)
#   --passwords FILE  lines "USER PASSWORD" (-: stdin). A user who is not in it gets a password that
#                     is made up here
#   --out DIR         writes passwords to DIR/USER.password, mode 600, as password_file wants it. A
#                     password that is there already is kept. Without --out, passwords that were
#                     made up here are printed on stdout, once
#   --mgmt-url URL    uses the management API, http://USER@HOST:15672, as an administrator
#                     (password: $AMQP_PASSWORD, or in the URL; CA of https: $CURL_CA_BUNDLE).
#                     Without it, rabbitmqctl is used, or what $RABBITMQCTL says
#   --print           only prints the definitions that would be imported (JSON, with hashes instead
#                     of passwords)
#   --table           only print the permissions, one user a line
#
# Examples:
#   scripts/users.sh --out /etc/warren/users setup producer worker=warren-mailer:mail operator
#   scripts/users.sh --vhost jobs producer=billing:mail,reports --wait
#   RABBITMQCTL='docker exec -i rabbit rabbitmqctl' \
#       scripts/users.sh --external producer=billing.example worker
#   scripts/users.sh --print worker:mail | rabbitmqctl import_definitions
#
# Run again with other queues it replaces what the user could do before; it deletes no user.
set -euo pipefail
export LC_ALL=C
umask 077

me=${0##*/}
note() { printf '%s: %s\n' "$me" "$1" >&2; }
die() { # CODE TEXT
	note "$2"
	exit "$1"
}
usage() { die 64 "$* (see --help)"; }

vhost=/ prefix=warren.v1 reply=0 management=0 external=0 passwords_from='' out='' mgmt_url=''
print=0 table=0
specs=()
value() { # OPTION ARGUMENTS-LEFT
	[ "$2" -ge 2 ] || usage "$1 wants a value"
}
while [ $# -gt 0 ]; do
	case $1 in
	--vhost) value "$1" $# && vhost=$2 && shift ;;
	--prefix) value "$1" $# && prefix=$2 && shift ;;
	--wait) reply=1 ;;
	--management) management=1 ;;
	--external) external=1 ;;
	--passwords) value "$1" $# && passwords_from=$2 && shift ;;
	--out) value "$1" $# && out=$2 && shift ;;
	--mgmt-url) value "$1" $# && mgmt_url=$2 && shift ;;
	--print) print=1 ;;
	--table) table=1 ;;
	-h | --help)
		sed -n '4,/^set -/s/^# \{0,1\}//p' "$0"
		exit
		;;
	-*) usage "unknown option '$1'" ;;
	*) specs+=("$1") ;;
	esac
	shift
done
[ ${#specs[@]} -gt 0 ] || usage "who? Name a role: setup, producer, worker, operator"

name_form='^[A-Za-z0-9._-]{1,100}$'
[[ $prefix =~ $name_form ]] || usage "a prefix is 1 to 100 bytes of A-Za-z0-9._-, not '$prefix'"
[[ $vhost != *[[:cntrl:]]* && -n $vhost ]] || usage "this is no name of a vhost"

# ---------------------------------------------------------------------------- what each role may do

quote_regex() { printf '%s' "${1//./\\.}"; } # nothing else in a valid name has a meaning
p=$(quote_regex "$prefix")
ring="delay\\.[0-9]{2}"

# alternatives QUEUE,QUEUE: "(a|b)"; without queues: any.
alternatives() {
	local queue list=
	[ -n "$1" ] || {
		printf '%s' '.+'
		return
	}
	for queue in ${1//,/ }; do list+="${list:+|}$(quote_regex "$queue")"; done
	printf '(%s)' "$list"
}

# permissions ROLE QUEUES: sets configure, write, read, and keys: of which routing keys it may
# publish ("" where it may not).
permissions() {
	local queues
	queues=$(alternatives "$2")
	configure='^$' write='^$' read='^$' keys=
	case $1 in
	setup)
		configure="^$p\\." write="^$p\\." read="^$p\\."
		;;
	producer)
		write="^$p\\.(jobs|$ring)\$" keys="^$p\\.q\\.$queues\$"
		if [ $reply = 1 ]; then
			configure="^$p\\.reply\\."
			write="^$p\\.(jobs|$ring|reply\\..+)\$"
			read="^$p\\.(replies|reply\\..+)\$"
		fi
		;;
	worker)
		write="^$p\\.(jobs|dead|replies|$ring)\$" keys="^$p\\.q\\.$queues\$"
		read="^$p\\.q\\.$queues\$"
		# All queues, but not their dead letters.
		if [ -z "$2" ]; then read="^$p\\.q\\.(?!.*\\.dead\$).+\$"; fi
		;;
	operator)
		write="^$p\\.jobs\$" keys="^$p\\.q\\.$queues\$"
		read="^$p\\.(q\\.$queues\\.dead|unroutable)\$"
		;;
	esac
}

# The topic exchanges whose routing key is the name of a queue.
topics() {
	local level
	echo "$prefix.jobs"
	case $1 in worker) echo "$prefix.dead" ;; operator) return ;; esac
	for level in {0..27}; do printf '%s.delay.%02d\n' "$prefix" "$level"; done
}

# -------------------------------------------------------------------------------------------- users

roles=() users=() queues=()
declare -A seen
# parse SPEC: checks it and adds it to the lists.
parse() {
	local spec=$1 role user queue list=
	case $spec in *:*) list=${spec#*:} spec=${spec%%:*} ;; esac
	role=${spec%%=*} user=warren-$role
	case $spec in *=*) user=${spec#*=} ;; esac
	case $role in
	producer | worker | operator) ;;
	setup) [ -z "$list" ] || usage "setup is for all queues" ;;
	*) usage "there is no role '$role'; there are setup, producer, worker, operator" ;;
	esac
	case $1 in *: | *:,* | *, | *,,*) usage "'$1' has an empty queue name" ;; esac
	for queue in ${list//,/ }; do
		[[ $queue =~ $name_form && $queue != *.dead ]] ||
			usage "a queue name is 1 to 100 bytes of A-Za-z0-9._- and does not" \
				"end in .dead, not '$queue'"
	done
	[[ $user =~ ^[A-Za-z0-9._@+-]{1,120}$ && $user != .* ]] ||
		usage "'$user' is no name for a user here (A-Za-z0-9._@+-)"
	[ -z "${seen[$user]:-}" ] || usage "user '$user' is named twice"
	seen[$user]=1
	roles+=("$role") users+=("$user") queues+=("$list")
}
for spec in "${specs[@]}"; do parse "$spec"; done

if [ $table = 1 ]; then
	for i in "${!users[@]}"; do
		permissions "${roles[i]}" "${queues[i]}"
		printf '%s configure %s write %s read %s keys %s\n' \
			"${users[i]}" "$configure" "$write" "$read" "${keys:-any}"
	done
	exit
fi

# ---------------------------------------------------------------------------------------- passwords

command -v openssl >/dev/null || die 69 "openssl is needed for the hashes of passwords"

declare -A passwords
made_up=()
if [ -n "$passwords_from" ]; then
	if [ "$passwords_from" = - ]; then passwords_from=/dev/stdin; fi
	while read -r user password || [ -n "$user" ]; do
		[ -n "$password" ] || usage "--passwords wants lines 'USER PASSWORD'"
		passwords[$user]=$password
	done <"$passwords_from"
fi
if [ -n "$out" ]; then mkdir -p "$out"; fi

# choose_password USER: into passwords.
choose_password() {
	local file=$out/$1.password
	[ -z "${passwords[$1]:-}" ] || return 0
	if [ -n "$out" ] && [ -s "$file" ]; then
		passwords[$1]=$(head -n 1 "$file")
		return
	fi
	passwords[$1]=$(openssl rand -hex 24)
	made_up+=("$1")
}

# password_hash PASSWORD: RabbitMQ's rabbit_password_hashing_sha256: salt, and SHA-256 of salt and
# password, in base64. printf is of the shell itself, so that no password is in the argv of a
# process.
password_hash() {
	local salt
	salt=$(openssl rand -hex 4)
	salt="\\x${salt:0:2}\\x${salt:2:2}\\x${salt:4:2}\\x${salt:6:2}"
	{
		printf '%b' "$salt"
		{
			printf '%b' "$salt"
			printf '%s' "$1"
		} | openssl dgst -sha256 -binary
	} | openssl base64 -A
}

# -------------------------------------------------------------------------------------- definitions

json() { # TEXT: as a JSON string
	local text=${1//\\/\\\\}
	printf '"%s"' "${text//\"/\\\"}"
}

tags() { # ROLE
	case $management$1 in 1setup | 1operator) echo '"management"' ;; esac
}

definitions() {
	local i exchange hash rest separator=''
	printf '{"users":['
	for i in "${!users[@]}"; do
		hash=
		if [ $external = 0 ]; then hash=$(password_hash "${passwords[${users[i]}]}"); fi
		printf '%s\n{"name":"%s","password_hash":"%s",' "$separator" "${users[i]}" "$hash"
		printf '"hashing_algorithm":"rabbit_password_hashing_sha256","tags":[%s]}' \
			"$(tags "${roles[i]}")"
		separator=,
	done
	separator=
	printf '],\n"permissions":['
	for i in "${!users[@]}"; do
		permissions "${roles[i]}" "${queues[i]}"
		printf '%s\n{"user":"%s","vhost":%s,' "$separator" "${users[i]}" "$(json "$vhost")"
		printf '"configure":%s,"write":%s,"read":%s}' \
			"$(json "$configure")" "$(json "$write")" "$(json "$read")"
		separator=,
	done
	separator=
	printf '],\n"topic_permissions":['
	for i in "${!users[@]}"; do
		permissions "${roles[i]}" "${queues[i]}"
		[ -n "$keys" ] || continue
		rest=$(printf '"vhost":%s,"write":%s,"read":"^$"' \
			"$(json "$vhost")" "$(json "$keys")")
		while read -r exchange; do
			printf '%s\n{"user":"%s","exchange":"%s",%s}' \
				"$separator" "${users[i]}" "$exchange" "$rest"
			separator=,
		done < <(topics "${roles[i]}")
	done
	printf ']}\n'
}

# By the API: curl gets the URL, where a password may be, on a descriptor.
import_by_api() {
	local url=${mgmt_url%/} host=${mgmt_url#*://} credentials
	case $host in
	*@*)
		credentials=${host%@*}
		credentials=$(printf '%b' "${credentials//%/\\x}")
		url=${mgmt_url%%://*}://${host##*@} url=${url%/}
		;;
	*) credentials=guest ;;
	esac
	case $credentials in *:*) ;; *) credentials=$credentials:${AMQP_PASSWORD:-guest} ;; esac
	credentials=${credentials//\\/\\\\}
	curl -sS -o /dev/null --fail -K <(printf 'user = "%s"\n' "${credentials//\"/\\\"}") \
		-H 'content-type: application/json' \
		--data-binary @- "$url/api/definitions"
}

# rabbitmqctl import_definitions reads its standard input up to 3.x. Since 4.0 it hangs or dies
# there (rabbitmq-server issue 13157; seen with 4.0.5 and 4.3.6) and wants a file, and Debian's
# rabbitmqctl reads that as the user rabbitmq.
import_by_ctl() {
	local ctl file
	read -r -a ctl <<<"${RABBITMQCTL:-rabbitmqctl}"
	case $("${ctl[@]}" version </dev/null) in
	[0-3].*)
		"${ctl[@]}" import_definitions
		return
		;;
	esac
	if [ -n "${RABBITMQCTL:-}" ]; then # it may be in a container, with files of its own
		"${ctl[@]}" import_definitions /dev/stdin
		return
	fi
	file=$(mktemp)
	# shellcheck disable=SC2064 # the file of now
	trap "rm -f '$file'" EXIT
	cat >"$file"
	if [ "$(id -u)" = 0 ] && id rabbitmq >/dev/null 2>&1; then chown rabbitmq "$file"; fi
	"${ctl[@]}" import_definitions "$file"
}

# Says what the broker said, and the fix of what has one.
import() {
	local said
	if [ -n "$mgmt_url" ]; then
		import_by_api
		return
	fi
	if said=$(import_by_ctl 2>&1); then return; fi
	printf '%s\n' "$said" >&2
	case $said in
	*no_such_exchange*)
		note "this broker takes permissions only for exchanges that are there: run \
'$me setup' first, then 'warren-producer setup'"
		;;
	esac
	return 1
}

if [ $external = 0 ]; then
	for user in "${users[@]}"; do choose_password "$user"; done
fi
if [ $print = 1 ]; then
	definitions
else
	definitions | import || die 69 "the broker did not take the definitions (see above)"
fi

# Only now that the broker has them.
if [ $external = 1 ]; then exit; fi
if [ -n "$out" ]; then
	for user in "${users[@]}"; do
		printf '%s\n' "${passwords[$user]}" >"$out/$user.password.new"
		mv "$out/$user.password.new" "$out/$user.password"
	done
else
	for user in "${made_up[@]}"; do
		if [ $print = 1 ]; then
			printf '%s %s\n' "$user" "${passwords[$user]}" >&2
		else
			printf '%s %s\n' "$user" "${passwords[$user]}"
		fi
	done
fi
