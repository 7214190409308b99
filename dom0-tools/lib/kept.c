/* SPDX-License-Identifier: MIT */
/*
 * kept.c - the configuration that a guest is made again from
 */
#include "guest_store.h"
#include "host.h"
#include "record.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>

struct keeping {
	struct lodge *l;
	unsigned int domid;
	struct record r;
	const char *text;	/* the new one */
};

static int get_kept(struct store_change *t, void *arg)
{
	struct keeping *k = arg;
	char base[40];
	int rc = guest_store_check(k->l, t, k->domid);

	if (rc)
		return rc;
	record_free(&k->r);
	snprintf(base, sizeof(base), RECORD_PATH, k->domid);
	rc = record_get(k->l, t, base, &k->r);
	return rc == -ENOENT ? fail(k->l, ENOENT, "no configuration of domain "
				    "%u is kept: lodge has not created it",
				    k->domid)
			     : rc;
}

int lodge_domain_kept_config(struct lodge *l, unsigned int domid, char **text)
{
	struct keeping k = {.l = l, .domid = domid};
	int rc = store_change(l, get_kept, &k);

	*text = rc ? NULL : k.r.text;
	return rc;
}

/* Only the settings are others. */
static int put_kept(struct store_change *t, void *arg)
{
	struct keeping *k = arg;
	struct record changed;
	char base[40];
	int rc = get_kept(t, arg);

	if (rc)
		return rc;
	changed = k->r;
	changed.text = (char *)k->text;
	snprintf(base, sizeof(base), RECORD_PATH, k->domid);
	return record_put(k->l, t, base, &changed);
}

int lodge_domain_keep_config(struct lodge *l, unsigned int domid,
			     const struct lodge_domain_config *c)
{
	struct keeping k = {.l = l, .domid = domid, .text = c->text};
	int rc = c->text ? store_change(l, put_kept, &k)
			 : fail(l, EINVAL, "there are no settings");

	record_free(&k.r);
	return rc ? fail_because(l, "cannot change the configuration of domain "
				 "%u", domid)
		  : 0;
}
