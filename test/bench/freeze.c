/*
 * The physical limit that quiesce's freeze window is measured against: bare FIFREEZE and FITHAW on the mounts that are named, in one thread a
 * filesystem (`threads`) or one after another (`serial`). `hurried` is `threads` with the kernel's grace periods hurried as long as the freeze calls are
 * under way, as quiesce does it. Prints the time in milliseconds from the first freeze call to the last thaw.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <linux/fs.h>

static double now(void) {
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static void call(int descriptor, unsigned long request) {
	if (ioctl(descriptor, request, 0) != 0) fprintf(stderr, "%s\n", strerror(errno));
}

/* Turns the kernel's switch, where it is there and not on for somebody else already. */
static void hurry(int on) {
	static int mine;
	int file = open("/sys/kernel/rcu_expedited", O_RDWR);
	char now = '1';
	if (file < 0) return;
	if (on && read(file, &now, 1) == 1 && now == '0') mine = pwrite(file, "1", 1, 0) == 1;
	else if (!on && mine) mine = pwrite(file, "0", 1, 0) != 1;
	close(file);
}

static unsigned long request;

static void *one(void *descriptor) {
	call((int) (long) descriptor, request);
	return NULL;
}

static void all(int parallel, int *descriptors, pthread_t *threads, int count) {
	if (!parallel) {
		for (int index = 0; index < count; index++) call(descriptors[index], request);
		return;
	}
	for (int index = 0; index < count; index++) {
		if (pthread_create(&threads[index], NULL, one, (void *) (long) descriptors[index]) != 0) one((void *) (long) descriptors[index]);
	}
	for (int index = 0; index < count; index++) pthread_join(threads[index], NULL);
}

int main(int argc, char **words) {
	int count = argc - 2;
	if (count < 1) return 2;
	int *descriptors = calloc(count, sizeof *descriptors);
	pthread_t *threads = calloc(count, sizeof *threads);
	for (int index = 0; index < count; index++) {
		descriptors[index] = open(words[index + 2], O_RDONLY | O_DIRECTORY);
		if (descriptors[index] < 0) {
			perror(words[index + 2]);
			return 1;
		}
	}
	for (int index = 0; index < count; index++) syncfs(descriptors[index]);
	int hurried = strcmp(words[1], "hurried") == 0;
	int parallel = hurried || strcmp(words[1], "threads") == 0;
	double began = now();
	if (hurried) hurry(1);
	request = FIFREEZE;
	all(parallel, descriptors, threads, count);
	if (hurried) hurry(0);
	request = FITHAW;
	all(parallel, descriptors, threads, count);
	printf("%.3f\n", now() - began);
	return 0;
}
