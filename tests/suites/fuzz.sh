# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# Every fuzzer runs for a few seconds, or for WARREN_FUZZ_SECONDS.
#
# packages: fuzz
# builds: fuzz

count_lines fuzz tests/fuzz/run.sh "$root/build-fuzz" "${WARREN_FUZZ_SECONDS:-4}"
