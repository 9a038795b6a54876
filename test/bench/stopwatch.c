/*
 * What a command costs, without the cost of whoever measures. COMMAND is a program with its words.
 *   stopwatch exit COMMAND                 until its end, its output thrown away
 *   stopwatch frame COMMAND                on a terminal of 80 × 24, until the first visible character; it is killed then
 *   stopwatch shows TEXT COMMAND           likewise, until TEXT has been written to that terminal
 * each print: milliseconds, exit code (0 where it was killed), processor time in milliseconds, most memory in kB, of the command and what it had waited for.
 *   stopwatch live WARM SECONDS COMMAND    on a terminal, leaves WARM seconds out, then prints after SECONDS: bytes written to the terminal, and the
 *                                          processor time in milliseconds of the command and all its descendants; the command gets SIGTERM then
 *   stopwatch keys READY COUNT KEYS COMMAND  waits for the text READY, then presses KEYS (separated by blanks: Down, Up, Enter, Left, Right, or a character) one
 *                                          after another, COUNT in all, and prints a line for each: milliseconds from the key to the end of the frame that it
 *                                          brings, and the processor time in milliseconds that the command's main thread spent meanwhile; it is
 *                                          killed then
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A screen on which nothing happens for so long will not show it any more. */
#define PATIENCE_MS 30000
/* Between a key and the next one, so that what a key has brought about is over. */
#define SETTLE_MS 40

static double now(void) {
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static double milliseconds(struct timeval time) {
	return time.tv_sec * 1e3 + time.tv_usec / 1e3;
}

static void report(double took, int status, const struct rusage *used) {
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	printf("%.3f %d %.3f %ld\n", took, code, milliseconds(used->ru_utime) + milliseconds(used->ru_stime), used->ru_maxrss);
}

static int until_exit(char **command) {
	double began = now();
	pid_t child = vfork();
	if (child == 0) {
		int nothing = open("/dev/null", O_RDWR);
		dup2(nothing, 0);
		dup2(nothing, 1);
		dup2(nothing, 2);
		execvp(command[0], command);
		_exit(127);
	}
	int status;
	struct rusage used;
	wait4(child, &status, 0, &used);
	report(now() - began, status, &used);
	return 0;
}

/* A command on a terminal, and what it has written there: as plain text, blanks included, and how many frames (ESC [ ? 2026 l ends one). */
struct screen {
	pid_t child;
	int terminal;
	double began;
	char seen[1 << 20];
	size_t length;
	long bytes;
	long frames;
	int visible;
	enum { TEXT, ESCAPE, SEQUENCE, COMMAND, COMMAND_ESCAPE } state;
	char sequence[32];
	size_t sequence_length;
};

static void begin(struct screen *screen, char **command) {
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	memset(screen, 0, sizeof *screen);
	screen->began = now();
	screen->child = forkpty(&screen->terminal, NULL, NULL, &size);
	if (screen->child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
}

static void take(struct screen *screen, unsigned char byte) {
	switch (screen->state) {
		case TEXT:
			if (byte == 0x1B) screen->state = ESCAPE;
			else if (byte > ' ' || byte == ' ') {
				if (byte != ' ' && byte != 0x7F) screen->visible = 1;
				if (screen->length == sizeof screen->seen - 1) screen->length = 0;
				screen->seen[screen->length++] = byte;
				screen->seen[screen->length] = 0;
			}
			return;
		case ESCAPE:
			screen->state = byte == '[' ? SEQUENCE : byte == ']' || byte == 'P' || byte == '_' ? COMMAND : TEXT;
			screen->sequence_length = 0;
			return;
		case SEQUENCE:
			if (screen->sequence_length < sizeof screen->sequence - 1) screen->sequence[screen->sequence_length++] = byte;
			if (byte < 0x40 || byte > 0x7E) return;
			screen->sequence[screen->sequence_length] = 0;
			if (strcmp(screen->sequence, "?2026l") == 0) screen->frames++;
			screen->state = TEXT;
			return;
		case COMMAND:
			if (byte == 0x07) screen->state = TEXT;
			else if (byte == 0x1B) screen->state = COMMAND_ESCAPE;
			return;
		case COMMAND_ESCAPE:
			screen->state = byte == '\\' ? TEXT : COMMAND;
			return;
	}
}

/* Reads what there is, waiting so long for it at most. False: nothing came, or the command has ended. */
static int read_screen(struct screen *screen, double patience) {
	struct pollfd readable = {.fd = screen->terminal, .events = POLLIN};
	if (poll(&readable, 1, patience < 0 ? 0 : (int) patience) <= 0) return 0;
	char bytes[65536];
	ssize_t got = read(screen->terminal, bytes, sizeof bytes);
	if (got <= 0) return 0;
	screen->bytes += got;
	for (ssize_t index = 0; index < got; index++) take(screen, bytes[index]);
	return 1;
}

static int failed(struct screen *screen) {
	kill(screen->child, SIGKILL);
	fprintf(stderr, "that did not come; there was: %s\n", screen->seen);
	return 1;
}

static struct screen screen;

static int until_shown(const char *wanted, char **command) {
	begin(&screen, command);
	while (wanted == NULL ? !screen.visible : strstr(screen.seen, wanted) == NULL) {
		if (!read_screen(&screen, PATIENCE_MS)) return failed(&screen);
	}
	double took = now() - screen.began;
	kill(screen.child, SIGKILL);
	int status;
	struct rusage used;
	wait4(screen.child, &status, 0, &used);
	report(took, status, &used);
	return 0;
}

/* Of one thread so far. */
static double thread_time(pid_t process, const char *thread) {
	char file[128];
	snprintf(file, sizeof file, "/proc/%d/task/%.20s/schedstat", process, thread);
	FILE *stat = fopen(file, "r");
	unsigned long long nanoseconds = 0;
	if (stat == NULL) return 0;
	if (fscanf(stat, "%llu", &nanoseconds) != 1) nanoseconds = 0;
	fclose(stat);
	return nanoseconds / 1e6;
}

/* Of the thread that draws. */
static double main_thread_time(pid_t process) {
	char thread[24];
	snprintf(thread, sizeof thread, "%d", process);
	return thread_time(process, thread);
}

/* The processor time of a process so far, all its threads, and all its descendants. */
static double processor_time(pid_t process) {
	char path[64];
	double total = 0;
	snprintf(path, sizeof path, "/proc/%d/task", process);
	DIR *tasks = opendir(path);
	if (tasks == NULL) return 0;
	for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
		if (task->d_name[0] == '.') continue;
		total += thread_time(process, task->d_name);
		char file[128];
		snprintf(file, sizeof file, "/proc/%d/task/%.20s/children", process, task->d_name);
		FILE *children = fopen(file, "r");
		if (children == NULL) continue;
		for (int child; fscanf(children, "%d", &child) == 1;) total += processor_time(child);
		fclose(children);
	}
	closedir(tasks);
	return total;
}

static int live(double warm, double seconds, char **command) {
	begin(&screen, command);
	while (now() - screen.began < warm * 1e3) read_screen(&screen, warm * 1e3 - (now() - screen.began));
	long bytes = screen.bytes;
	double time = processor_time(screen.child), began = now();
	while (now() - began < seconds * 1e3) {
		read_screen(&screen, seconds * 1e3 - (now() - began));
		if (waitpid(screen.child, NULL, WNOHANG) != 0) return failed(&screen);
	}
	printf("%ld %.3f\n", screen.bytes - bytes, processor_time(screen.child) - time);
	kill(screen.child, SIGTERM);
	while (waitpid(screen.child, NULL, WNOHANG) == 0) read_screen(&screen, 100);
	return 0;
}

static const char *key_named(const char *name) {
	static const char *keys[][2] = {{"Down", "\x1B[B"}, {"Up", "\x1B[A"}, {"Right", "\x1B[C"}, {"Left", "\x1B[D"}, {"Enter", "\r"}};
	for (size_t index = 0; index < sizeof keys / sizeof *keys; index++) {
		if (strcmp(name, keys[index][0]) == 0) return keys[index][1];
	}
	return name;
}

static int keys(const char *ready, int count, char *names, char **command) {
	const char *sequence[64];
	int length = 0;
	for (char *name = strtok(names, " "); name != NULL && length < 64; name = strtok(NULL, " ")) sequence[length++] = key_named(name);
	begin(&screen, command);
	while (strstr(screen.seen, ready) == NULL) {
		if (!read_screen(&screen, PATIENCE_MS)) return failed(&screen);
	}
	while (read_screen(&screen, 10 * SETTLE_MS));
	for (int press = 0; press < count; press++) {
		const char *key = sequence[press % length];
		long frames = screen.frames;
		double began = now(), time = main_thread_time(screen.child);
		if (write(screen.terminal, key, strlen(key)) < 0) return failed(&screen);
		while (screen.frames == frames) {
			if (!read_screen(&screen, PATIENCE_MS)) return failed(&screen);
		}
		double took = now() - began;
		printf("%.3f %.3f\n", took, main_thread_time(screen.child) - time);
		while (read_screen(&screen, SETTLE_MS));
	}
	kill(screen.child, SIGKILL);
	waitpid(screen.child, NULL, 0);
	return 0;
}

int main(int count, char **words) {
	const char *what = count > 2 ? words[1] : "";
	if (strcmp(what, "exit") == 0) return until_exit(words + 2);
	if (strcmp(what, "frame") == 0) return until_shown(NULL, words + 2);
	if (strcmp(what, "shows") == 0 && count > 3) return until_shown(words[2], words + 3);
	if (strcmp(what, "live") == 0 && count > 4) return live(atof(words[2]), atof(words[3]), words + 4);
	if (strcmp(what, "keys") == 0 && count > 5) return keys(words[2], atoi(words[3]), words[4], words + 5);
	return 2;
}
