/* SPDX-License-Identifier: MIT */
/*
 * strings.c - what the library does without talking to the daemon
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

API const char *xs_daemon_rundir(void)
{
	const char *s = getenv("XENSTORED_RUNDIR");

	return s ? s : "/var/run/xenstored";
}

API const char *xs_daemon_socket(void)
{
	static char buf[PATH_MAX];
	const char *s = getenv("XENSTORED_PATH");

	if (s)
		return s;
	if (snprintf(buf, sizeof(buf), "%s/socket", xs_daemon_rundir()) >=
	    PATH_MAX)
		return NULL;
	return buf;
}

/* One socket serves all; this name is kept for programs that use it. */
API const char *xs_daemon_socket_ro(void)
{
	return xs_daemon_socket();
}

API bool xs_write_all(int fd, const void *data, unsigned int len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (unsigned int)n;
	}
	return true;
}

static bool perm_bits(char letter, unsigned int *bits)
{
	switch (letter) {
	case 'r':
		*bits = XS_PERM_READ;
		return true;
	case 'w':
		*bits = XS_PERM_WRITE;
		return true;
	case 'b':
		*bits = XS_PERM_READ | XS_PERM_WRITE;
		return true;
	case 'n':
		*bits = XS_PERM_NONE;
		return true;
	}
	return false;
}

API bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
			     const char *strings)
{
	const char *p = strings;
	unsigned int i;
	char *end;

	for (i = 0; i < num; i++, p = end + 1) {
		if (!perm_bits(*p, &perms[i].perms))
			goto err;
		perms[i].id = (unsigned int)strtol(p + 1, &end, 0);
		if (*end || !p[1])
			goto err;
	}
	return true;

err:
	errno = EINVAL;
	return false;
}

API bool xs_path_is_subpath(const char *parent, const char *child)
{
	size_t len = strlen(parent);

	if (strncmp(parent, child, len))
		return false;
	return !child[len] || child[len] == '/';
}

/* How many terminated strings a payload holds. */
unsigned int xs_count_strings(const char *s, size_t len)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < len; i++)
		n += !s[i];
	return n;
}

/**
 * xs_string_array() - an array of copies of the strings of a payload
 *
 * Return: one allocation, array and strings; NULL with ENOMEM.
 */
char **xs_string_array(const char *s, size_t len, unsigned int *num)
{
	unsigned int n = xs_count_strings(s, len), i;
	char **array = malloc((n + 1) * sizeof(*array) + len + 1);
	char *p = (char *)(array + n + 1);

	if (!array)
		return NULL;
	memcpy(p, s, len);
	p[len] = '\0';
	for (i = 0; i < n; i++, p += strlen(p) + 1)
		array[i] = p;
	array[n] = NULL;
	*num = n;
	return array;
}

/* The errno of an ERROR reply; EINVAL for a name that is not known. */
int xs_error_number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(xsd_errors) / sizeof(*xsd_errors); i++)
		if (!strcmp(name, xsd_errors[i].errstring))
			return xsd_errors[i].errnum;
	return EINVAL;
}
