/*
 * Write load: on each mount that is named a thread writes 4 kB and syncs them, over and over in a file of 4 MB, until the program gets SIGTERM. Then it
 * prints how long the writes took, in milliseconds, a line each (of every thread the latest hundred thousand).
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define BLOCKS 1024
#define KEPT 100000

static volatile sig_atomic_t over;

struct writer {
	const char *mount;
	float *took;
	long count;
};

static double now(void) {
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static void stop(int signal) {
	(void) signal;
	over = 1;
}

static void *write_on(void *argument) {
	struct writer *writer = argument;
	char path[4096], block[BLOCK];
	snprintf(path, sizeof path, "%s/load", writer->mount);
	memset(block, 1, sizeof block);
	int file = open(path, O_WRONLY | O_CREAT, 0600);
	if (file < 0) {
		perror(path);
		exit(1);
	}
	while (!over) {
		double began = now();
		if (pwrite(file, block, BLOCK, writer->count % BLOCKS * BLOCK) != BLOCK || fdatasync(file) != 0) {
			perror(path);
			exit(1);
		}
		writer->took[writer->count++ % KEPT] = now() - began;
	}
	close(file);
	return NULL;
}

int main(int count, char **mounts) {
	struct sigaction action = {.sa_handler = stop};
	sigaction(SIGTERM, &action, NULL);
	int number = count - 1;
	struct writer *writers = calloc(number, sizeof *writers);
	pthread_t *threads = calloc(number, sizeof *threads);
	for (int index = 0; index < number; index++) {
		writers[index].mount = mounts[index + 1];
		writers[index].took = calloc(KEPT, sizeof *writers[index].took);
		if (pthread_create(&threads[index], NULL, write_on, &writers[index]) != 0) return 1;
	}
	for (int index = 0; index < number; index++) {
		pthread_join(threads[index], NULL);
		long kept = writers[index].count < KEPT ? writers[index].count : KEPT;
		for (long each = 0; each < kept; each++) printf("%.2f\n", writers[index].took[each]);
	}
	return 0;
}
