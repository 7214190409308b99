/* SPDX-License-Identifier: MIT */
/*
 * auto.c - the guests that are started when the host is
 */
#include "auto.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "liblodge.h"
#include "say.h"
#include "tell.h"

/* What editors and packages leave beside a file is none. */
static int is_config(const struct dirent *e)
{
	static const char *const ends[] = {"~", ".bak", ".dpkg-old",
					   ".dpkg-new", ".dpkg-dist", ".swp"};
	size_t i, length = strlen(e->d_name), end;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		end = strlen(ends[i]);
		if (length >= end && !strcmp(e->d_name + length - end, ends[i]))
			return false;
	}
	return *e->d_name != '.';
}

static void say_findings(const struct lodge_config *config)
{
	const struct lodge_finding *f;
	size_t nr, i;
	char *text;

	f = lodge_config_findings(config, &nr);
	for (i = 0; i < nr; i++) {
		text = lodge_finding_text(&f[i]);
		say("%s", text ? text : "there is no memory");
		free(text);
	}
}

static bool runs(struct lodge *l, const char *name)
{
	unsigned int domid;

	if (lodge_domain_find(l, name, &domid))
		return false;
	say("\"%s\" is domain %u already", name, domid);
	return true;
}

static bool make(struct lodge *l, const struct lodge_domain_config *d)
{
	unsigned int domid;

	if (lodge_domain_create(l, d, NULL, &domid) ||
	    lodge_domain_unpause(l, domid)) {
		tell_error(l);
		return false;
	}
	say("\"%s\" is domain %u", d->name, domid);
	return true;
}

static bool start_read(struct lodge *l, struct lodge_config *config)
{
	const struct lodge_domain_config *d = lodge_config_domain(config);

	if (d && runs(l, d->name))
		return true;
	if (lodge_config_check_files(config)) {
		say("there is no memory");
		return false;
	}
	say_findings(config);
	return lodge_config_domain(config) && make(l, d);
}

static bool start_one(struct lodge *l, const char *path)
{
	struct lodge_source source = {.name = path};
	struct lodge_config *config;
	struct stat st;
	bool good;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return true;
	if (lodge_config_read(&config, &source, 1)) {
		say("there is no memory");
		return false;
	}
	good = start_read(l, config);
	lodge_config_free(config);
	if (!good)
		say("%s: no guest was started", path);
	return good;
}

static bool start_entry(struct lodge *l, const char *directory,
			const struct dirent *e)
{
	char *path;
	bool good;

	if (asprintf(&path, "%s/%s", directory, e->d_name) < 0)
		die("there is no memory");
	good = start_one(l, path);
	free(path);
	return good;
}

int start_guests(const char *directory)
{
	struct dirent **list;
	int nr = scandir(directory, &list, is_config, alphasort);
	int i, failed = 0;
	struct lodge *l;

	if (nr < 0 && errno == ENOENT)
		return 0;
	if (nr < 0) {
		say("cannot read %s: %s", directory, strerror(errno));
		return -1;
	}
	if (lodge_open(&l))
		die("there is no memory");
	for (i = 0; i < nr; i++) {
		failed += !start_entry(l, directory, list[i]);
		free(list[i]);
	}
	free(list);
	lodge_close(l);
	return failed;
}
