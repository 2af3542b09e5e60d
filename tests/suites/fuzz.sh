# shellcheck shell=bash disable=SC2154 # the runner sets root, quick and broker_url
# SPDX-License-Identifier: Apache-2.0
#
# Every fuzzer for a few seconds. WARREN_FUZZ_SECONDS=600 is for long.
#
# packages: fuzz
# builds: fuzz

count_lines fuzz tests/fuzz/run.sh "$root/build-fuzz" "${WARREN_FUZZ_SECONDS:-4}"
