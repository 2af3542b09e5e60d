# shellcheck shell=bash disable=SC2154 # the runner sets the variables
# SPDX-License-Identifier: Apache-2.0
#
# At least 90 % of the lines of pure code are run by unit tests.
#
# builds: coverage

# These folders do without a broker. All other folders talk to one, and there only the files count
# that a unit test or a fuzzer is named after. The integration tests run the rest.
pure=(common/base common/job common/settings worker/rules)
filters=()
for folder in "${pure[@]}"; do filters+=(--filter "$folder/.*\.c"); done
for file in tests/unit/test_*.c tests/fuzz/fuzz_*.c; do
	name=${file##*/}
	filters+=(--filter ".*/${name#*_}")
done
find build-coverage -name '*.gcda' -delete
meson test -C build-coverage --no-rebuild --suite unit --num-processes 2 >"$work/cover.log" 2>&1 ||
	say "(some of the tests fail: see unit)"
run_test "at least 90 % of the lines of pure code are run by unit tests" \
	gcovr --root . "${filters[@]}" --exclude 'tests/.*' --fail-under-line 90 build-coverage
