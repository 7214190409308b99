/* SPDX-License-Identifier: MIT */
/*
 * requests.c - one function for each request of the protocol
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct message *xs_talk_path(struct xs_handle *h, xs_transaction_t t,
			     enum xsd_sockmsg_type type, const char *path)
{
	struct iovec iov = xs_string(path);

	return xs_talk(h, t, type, &iov, 1);
}

bool xs_talk_ok(struct xs_handle *h, xs_transaction_t t,
		enum xsd_sockmsg_type type, const struct iovec *iov,
		unsigned int nr)
{
	struct message *m = xs_talk(h, t, type, iov, nr);

	free(m);
	return m != NULL;
}

/* A request whose payload is a few numbers, each a string of its own. */
static struct message *talk_numbers(struct xs_handle *h,
				    enum xsd_sockmsg_type type,
				    const unsigned long *v, unsigned int nr)
{
	char text[3][MAX_STRLEN(unsigned long)];
	struct iovec iov[3];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		snprintf(text[i], sizeof(text[i]), "%lu", v[i]);
		iov[i] = xs_string(text[i]);
	}
	return xs_talk(h, XBT_NULL, type, iov, nr);
}

static bool numbers_ok(struct xs_handle *h, enum xsd_sockmsg_type type,
		       const unsigned long *v, unsigned int nr)
{
	struct message *m = talk_numbers(h, type, v, nr);

	free(m);
	return m != NULL;
}

/* The payload alone, moved to the front of its allocation. */
static char *payload(struct message *m, unsigned int *len)
{
	char *p = (char *)m;
	unsigned int n;

	if (!m)
		return NULL;
	n = m->hdr.len;
	memmove(p, m->data, n + 1ul);
	if (len)
		*len = n;
	return p;
}

/* --- nodes --- */

API void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
		  unsigned int *len)
{
	return payload(xs_talk_path(h, t, XS_READ, path), len);
}

API bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
		  const void *data, unsigned int len)
{
	struct iovec iov[2] = { xs_string(path), { (void *)data, len } };

	return xs_talk_ok(h, t, XS_WRITE, iov, 2);
}

API bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	struct iovec iov = xs_string(path);

	return xs_talk_ok(h, t, XS_MKDIR, &iov, 1);
}

API bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	struct iovec iov = xs_string(path);

	return xs_talk_ok(h, t, XS_RM, &iov, 1);
}

API bool xs_restrict(struct xs_handle *h, unsigned domid)
{
	(void)h;
	(void)domid;
	errno = ENOSYS;
	return false;
}

/* Growing list of names, while it is fetched in parts. */
struct names {
	char *data;
	size_t len;
	char generation[MAX_STRLEN(uint64_t)];
};

/*
 * Take one part: its generation, then names, then an empty name at the end.
 * Return: 1 complete; 0 go on; -1 the node changed, begin again; -2 errno.
 */
static int names_add(struct names *n, const struct message *m)
{
	size_t gen = strnlen(m->data, m->hdr.len) + 1;
	const char *part = m->data + gen;
	size_t len;
	char *p;
	bool end;

	if (gen > m->hdr.len || gen > sizeof(n->generation)) {
		errno = EIO;
		return -2;
	}
	if (n->len && strcmp(n->generation, m->data))
		return -1;
	memcpy(n->generation, m->data, gen);
	len = m->hdr.len - gen;
	end = len && !part[len - 1] && (len == 1 || !part[len - 2]);
	if (!len || part[len - 1]) {
		errno = EIO;
		return -2;
	}
	len -= end;
	p = realloc(n->data, n->len + len + 1);
	if (!p)
		return -2;
	memcpy(p + n->len, part, len);
	n->data = p;
	n->len += len;
	return end;
}

static char **directory_parts(struct xs_handle *h, xs_transaction_t t,
			      const char *path, unsigned int *num)
{
	struct names n = { 0 };
	char offset[MAX_STRLEN(size_t)];
	char **res = NULL;
	int rc = 0;

	while (!rc) {
		struct iovec iov[2] = { xs_string(path) };
		struct message *m;

		snprintf(offset, sizeof(offset), "%zu", n.len);
		iov[1] = xs_string(offset);
		m = xs_talk(h, t, XS_DIRECTORY_PART, iov, 2);
		rc = m ? names_add(&n, m) : -2;
		free(m);
		if (rc == -1)
			rc = 0, n.len = 0;
	}
	if (rc == 1)
		res = xs_string_array(n.data, n.len, num);
	free(n.data);
	return res;
}

API char **xs_directory(struct xs_handle *h, xs_transaction_t t,
			const char *path, unsigned int *num)
{
	struct message *m = xs_talk_path(h, t, XS_DIRECTORY, path);
	char **res;

	if (!m && errno == E2BIG)
		return directory_parts(h, t, path, num);
	if (!m)
		return NULL;
	res = xs_string_array(m->data, m->hdr.len, num);
	free(m);
	return res;
}

/* --- permissions --- */

API struct xs_permissions *xs_get_permissions(struct xs_handle *h,
					      xs_transaction_t t,
					      const char *path,
					      unsigned int *num)
{
	struct message *m = xs_talk_path(h, t, XS_GET_PERMS, path);
	struct xs_permissions *perms = NULL;
	unsigned int n;

	if (!m)
		return NULL;
	n = xs_count_strings(m->data, m->hdr.len);
	perms = malloc((n + 1) * sizeof(*perms));
	if (perms && !xs_strings_to_perms(perms, n, m->data)) {
		free(perms);
		perms = NULL;
	}
	free(m);
	if (perms)
		*num = n;
	return perms;
}

static char letter(unsigned int bits)
{
	static const char letters[] = { 'n', 'r', 'w', 'b' };

	return letters[bits & (XS_PERM_READ | XS_PERM_WRITE)];
}

API bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
			    const char *path, struct xs_permissions *perms,
			    unsigned int num_perms)
{
	size_t each = MAX_STRLEN(unsigned int) + 1, len = 0;
	struct iovec iov[2] = { xs_string(path) };
	unsigned int i;
	char *text;
	bool ok;

	if (num_perms > XENSTORE_PAYLOAD_MAX) {
		errno = E2BIG;
		return false;
	}
	text = malloc(num_perms * each + 1);
	if (!text)
		return false;
	for (i = 0; i < num_perms; i++)
		len += (size_t)snprintf(text + len, each, "%c%u",
					letter(perms[i].perms),
					perms[i].id) + 1;
	iov[1] = (struct iovec){ text, len };
	ok = xs_talk_ok(h, t, XS_SET_PERMS, iov, 2);
	free(text);
	return ok;
}

/* --- watches --- */

API bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	struct iovec iov[2] = { xs_string(path), xs_string(token) };

	return xs_talk_ok(h, XBT_NULL, XS_WATCH, iov, 2);
}

API bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	struct iovec iov[2] = { xs_string(path), xs_string(token) };

	if (!xs_talk_ok(h, XBT_NULL, XS_UNWATCH, iov, 2))
		return false;
	if (xs_filters(h))
		xs_drop_events(h, path, token);
	return true;
}

static char **event(struct message *m, unsigned int *num)
{
	char **res;

	if (!m)
		return NULL;
	res = xs_string_array(m->data, m->hdr.len, num);
	free(m);
	return res;
}

API char **xs_check_watch(struct xs_handle *h)
{
	unsigned int num;

	return event(xs_next_event(h, false), &num);
}

API char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
	return event(xs_next_event(h, true), num);
}

/* --- transactions --- */

API xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	struct message *m = xs_talk_path(h, XBT_NULL, XS_TRANSACTION_START,
					 "");
	xs_transaction_t t;

	if (!m)
		return XBT_NULL;
	t = (xs_transaction_t)strtoul(m->data, NULL, 0);
	free(m);
	return t;
}

API bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	struct iovec iov = xs_string(abort ? "F" : "T");

	return xs_talk_ok(h, t, XS_TRANSACTION_END, &iov, 1);
}

/* --- domains --- */

API bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
			     unsigned long mfn, unsigned int eventchn)
{
	return numbers_ok(h, XS_INTRODUCE, (const unsigned long[]){
			domid, mfn, eventchn }, 3);
}

API bool xs_set_target(struct xs_handle *h, unsigned int domid,
		       unsigned int target)
{
	return numbers_ok(h, XS_SET_TARGET, (const unsigned long[]){
			domid, target }, 2);
}

API bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
	return numbers_ok(h, XS_RESUME, (const unsigned long[]){ domid }, 1);
}

API bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
	return numbers_ok(h, XS_RELEASE, (const unsigned long[]){ domid }, 1);
}

API char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
	return payload(talk_numbers(h, XS_GET_DOMAIN_PATH,
				    (const unsigned long[]){ domid }, 1),
		       NULL);
}

API bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
	struct message *m = talk_numbers(h, XS_IS_DOMAIN_INTRODUCED,
					 (const unsigned long[]){ domid }, 1);
	bool yes = m && !strcmp(m->data, "T");

	free(m);
	return yes;
}

API int xs_suspend_evtchn_port(int domid)
{
	struct xs_handle *h = xs_open(0);
	char path[64], *text;
	int port = -1;

	if (!h)
		return -1;
	snprintf(path, sizeof(path),
		 "/local/domain/%d/device/suspend/event-channel", domid);
	text = xs_read(h, XBT_NULL, path, NULL);
	if (text)
		port = atoi(text);
	free(text);
	xs_close(h);
	return port;
}

/* --- the daemon --- */

API char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
			     unsigned int len)
{
	struct iovec iov[2] = { xs_string(cmd), { data, len } };

	return payload(xs_talk(h, XBT_NULL, XS_CONTROL, iov, 2), NULL);
}

API char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
			   unsigned int len)
{
	return xs_control_command(h, cmd, data, len);
}
