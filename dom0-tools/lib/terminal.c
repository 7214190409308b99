/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - who is behind a pseudo terminal
 *
 * Linux tells in fdinfo of each descriptor of /dev/ptmx which terminal's other
 * end it is: "tty-index:".
 */
#include "terminal.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* Those that serve consoles: xenconsoled, lodge-consoled. */
static bool is_daemon(const char *pid)
{
	static const char end[] = "consoled\n";
	char path[300], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(name, sizeof(name), f))
		*name = '\0';
	fclose(f);
	return strlen(name) >= strlen(end) &&
	       !strcmp(name + strlen(name) - strlen(end), end);
}

/* @path: of a descriptor's fdinfo */
static bool is_other_end(const char *path, unsigned int terminal)
{
	FILE *f = fopen(path, "re");
	unsigned int number;
	bool found = false;
	char line[128];

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "tty-index: %u", &number) == 1 &&
			number == terminal;
	if (f)
		fclose(f);
	return found;
}

static bool has_other_end(const char *pid, unsigned int terminal)
{
	char directory[300], path[600];
	struct dirent *e;
	bool found = false;
	DIR *all;

	snprintf(directory, sizeof(directory), "/proc/%s/fdinfo", pid);
	all = opendir(directory);
	while (all && !found && (e = readdir(all))) {
		snprintf(path, sizeof(path), "%s/%s", directory, e->d_name);
		found = is_other_end(path, terminal);
	}
	if (all)
		closedir(all);
	return found;
}

bool terminal_has_server(const char *path)
{
	unsigned int terminal;
	struct dirent *e;
	bool found = false;
	DIR *all;

	if (sscanf(path, "/dev/pts/%u", &terminal) != 1)
		return false;
	all = opendir("/proc");
	while (all && !found && (e = readdir(all)))
		found = isdigit((unsigned char)*e->d_name) &&
			is_daemon(e->d_name) &&
			has_other_end(e->d_name, terminal);
	if (all)
		closedir(all);
	return found;
}
