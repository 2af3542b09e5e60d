# shellcheck shell=bash disable=SC2154 # the runner sets root and work
# SPDX-License-Identifier: Apache-2.0
# What suites need before they run: a build, and a private broker that they share.

# build FOLDER TARGET OPTION...: configures the folder and builds the target, once in a run. Returns
# 1 when it does not build.
build() {
	local folder=$1 target=$2 log=$work/build.log mark=$work/built.$1
	shift 2
	[ ! -f "$mark" ] || return "$(cat "$mark")"
	say "building $folder"
	echo 0 >"$mark"
	if configure "$folder" "$@" >"$log" 2>&1 && ninja -C "$folder" "$target" >>"$log" 2>&1; then
		pass "$folder builds"
		return 0
	fi
	echo 1 >"$mark"
	tail -n 60 "$log"
	fail "$folder builds"
	return 1
}
configure() {
	if [ -f "$1/build.ninja" ]; then
		meson configure "$@"
	else
		rm -rf "$1"
		meson setup "$@"
	fi
}

# What a header of a suite may name after "builds:".
build_plain() { build build-test all -Dwerror=true -Dtests=enabled; }
build_asan() {
	build build-asan all -Dtests=enabled -Db_sanitize=address,undefined -Db_lundef=false
}
build_coverage() {
	build build-coverage unit-tests -Dtests=enabled -Db_coverage=true -Doptimization=0
}
build_fuzz() {
	CC=clang build build-fuzz fuzzers -Dfuzz=enabled -Dtests=disabled \
		-Db_sanitize=address,undefined -Db_lundef=false
}

# Starts the broker that the suites share, and sets broker_url and mgmt_url.
need_broker() {
	local version
	if [ -z "$broker_dir" ]; then
		broker_dir=$work/broker
		say "starting a private RabbitMQ"
		(start_broker "$broker_dir" rabbitmq_management &&
			echo "$broker_url $mgmt_url" >"$work/urls") || :
	fi
	[ -f "$work/urls" ] || {
		fail "a private RabbitMQ starts"
		return 1
	}
	[ -z "$broker_url" ] || return 0
	read -r broker_url mgmt_url <"$work/urls"
	version=$(curl -sf "$mgmt_url/api/overview" |
		sed 's/.*"rabbitmq_version":"\([^"]*\)".*/\1/')
	say "it is RabbitMQ $version"
	export WARREN_TEST_AMQP_URL=$broker_url WARREN_TEST_MGMT_URL=$mgmt_url
}
