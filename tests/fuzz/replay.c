/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzzer over files and folders of inputs, each in a block of its own size, so that
 * sanitizers see its end.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/memory.h"
#include "tests/fuzz/fuzz.h"

static unsigned long inputs;

static void run_file(const char *path)
{
	FILE *f = fopen(path, "rbe");
	struct stat st;
	if (!f || fstat(fileno(f), &st) < 0) {
		perror(path);
		exit(1);
	}
	size_t size = (size_t)st.st_size;
	uint8_t *data = xrealloc(NULL, size ? size : 1, 1);
	if (fread(data, 1, size, f) != size) {
		perror(path);
		exit(1);
	}
	fclose(f);
	fprintf(stderr, "%s\n", path); /* the last one is the one that failed */
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	inputs++;
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void run_path(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, visible, alphasort);
	if (count < 0)
		run_file(path);
	for (int i = 0; i < count; i++) {
		cleanup_free char *inner = xprintf("%s/%s", path, entries[i]->d_name);
		run_path(inner);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("%lu inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
