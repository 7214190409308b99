/* SPDX-License-Identifier: MIT */
/*
 * domains.c - the domains that there are, and what is done with one
 */
#include "host.h"
#include "unfinished.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT 12
#define BATCH	   64	/* domains asked for at once */

static const struct {
	uint32_t theirs;
	unsigned int ours;
} flags[] = {
	{XEN_DOMINF_running, LODGE_RUNNING},
	{XEN_DOMINF_blocked, LODGE_BLOCKED},
	{XEN_DOMINF_paused, LODGE_PAUSED},
	{XEN_DOMINF_shutdown, LODGE_SHUTDOWN},
	{XEN_DOMINF_dying, LODGE_DYING},
	{XEN_DOMINF_hvm_guest, LODGE_HARDWARE},
};

static uint64_t pages_to_kib(uint64_t pages)
{
	return pages << (PAGE_SHIFT - 10);
}

static unsigned int shutdown_reason(uint32_t theirs)
{
	return theirs >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

static void take_info(struct lodge_domain *d,
		      const struct xen_domctl_getdomaininfo *info)
{
	size_t i;

	d->domid = info->domain;
	memcpy(d->uuid, info->handle, sizeof(d->uuid));
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (info->flags & flags[i].theirs)
			d->flags |= flags[i].ours;
	if (d->flags & LODGE_SHUTDOWN)
		d->shutdown_reason = shutdown_reason(info->flags);
	d->memory_kib = pages_to_kib(info->tot_pages);
	d->max_memory_kib = pages_to_kib(info->max_pages);
	d->outstanding_kib = pages_to_kib(info->outstanding_pages);
	d->cpu_time_ns = info->cpu_time;
	d->online_vcpus = info->nr_online_vcpus;
	d->max_vcpu_id = info->max_vcpu_id;
	d->cpupool = info->cpupool;
	d->ssidref = info->ssidref;
}

/* Domains from @first on. How many were found, or -errno and an error. */
static int get_batch(struct lodge *l, unsigned int first,
		     struct xen_domctl_getdomaininfo *batch)
{
	struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist};
	struct xen_sysctl_getdomaininfolist *list = &op.u.getdomaininfolist;
	int rc;

	list->first_domain = (domid_t)first;
	list->max_domains = BATCH;
	set_xen_guest_handle_raw(list->buffer, batch);
	rc = hv_sysctl(l, &op);
	if (rc)
		return rc;
	return list->num_domains > BATCH ? BATCH : (int)list->num_domains;
}

static int append(struct lodge_domain **list, size_t *nr,
		  const struct xen_domctl_getdomaininfo *batch, size_t more)
{
	struct lodge_domain *longer;
	size_t i;

	longer = realloc(*list, (*nr + more) * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	memset(longer + *nr, 0, more * sizeof(*longer));
	for (i = 0; i < more; i++)
		take_info(&longer[*nr + i], &batch[i]);
	*list = longer;
	*nr += more;
	return 0;
}

static int get_all(struct lodge *l, struct lodge_domain **list, size_t *nr)
{
	struct xen_domctl_getdomaininfo *batch;
	unsigned int first = 0;
	int found, rc = 0;

	batch = hv_alloc(l, BATCH * sizeof(*batch));
	if (!batch)
		return -lodge_error(l)->code;
	do {
		found = get_batch(l, first, batch);
		if (found > 0) {
			rc = append(list, nr, batch, (size_t)found);
			first = batch[found - 1].domain + 1u;
		}
	} while (found == BATCH && !rc);
	hv_free(l, batch);
	if (rc)
		return fail(l, ENOMEM, "there is no memory");
	return found < 0 ? found : 0;
}

/* Who is being made or ended, and by whom: a process that is there, or not. */
static int mark(struct lodge *l, struct lodge_domain *list, size_t nr)
{
	struct unfinished *all;
	size_t nr_all, i, k;
	int rc = unfinished_list(l, &all, &nr_all);

	for (i = 0; i < nr && nr_all; i++)
		for (k = 0; k < nr_all; k++) {
			if (!unfinished_is(&all[k], list[i].domid,
					   list[i].uuid, list[i].name))
				continue;
			list[i].abandoned = all[k].abandoned;
			if (!list[i].name)
				list[i].name = strdup(all[k].name);
			break;
		}
	unfinished_free(all, nr_all);
	return rc;
}

int lodge_domains(struct lodge *l, struct lodge_domain **list, size_t *nr)
{
	size_t i;
	int rc;

	*list = NULL;
	*nr = 0;
	rc = get_all(l, list, nr);
	for (i = 0; i < *nr && !rc; i++)
		rc = store_read(l, &(*list)[i].name, "/local/domain/%u/name",
				(*list)[i].domid);
	if (!rc)
		rc = mark(l, *list, *nr);
	if (!rc)
		return 0;
	lodge_domains_free(*list, *nr);
	*list = NULL;
	*nr = 0;
	return fail_because(l, "cannot list the domains");
}

void lodge_domains_free(struct lodge_domain *list, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		free(list[i].name);
	free(list);
}

int lodge_domain_name(struct lodge *l, unsigned int domid, char **name)
{
	int rc = store_read(l, name, "/local/domain/%u/name", domid);

	if (rc || *name)
		return rc;
	return fail(l, ESRCH, "there is no domain %u, or it has no name",
		    domid);
}

/* False: not all digits, or no domain can have it */
static bool parse_domid(const char *who, unsigned int *domid)
{
	unsigned long n = 0;

	if (!*who)
		return false;
	for (; *who >= '0' && *who <= '9' && n < DOMID_FIRST_RESERVED; who++)
		n = n * 10 + (unsigned long)(*who - '0');
	*domid = (unsigned int)n;
	return !*who && n < DOMID_FIRST_RESERVED;
}

static bool is_meant(const struct lodge_domain *d, const char *who,
		     bool number, unsigned int domid)
{
	return number ? d->domid == domid : d->name && !strcmp(d->name, who);
}

int lodge_domain_find(struct lodge *l, const char *who, unsigned int *domid)
{
	bool number = parse_domid(who, domid);
	struct lodge_domain *list;
	size_t nr, i;
	int rc = lodge_domains(l, &list, &nr);

	if (rc)
		return rc;
	for (i = 0; i < nr; i++)
		if (is_meant(&list[i], who, number, *domid))
			break;
	if (i < nr)
		*domid = list[i].domid;
	lodge_domains_free(list, nr);
	if (i < nr)
		return 0;
	return number ? fail(l, ESRCH, "there is no domain %s", who)
		      : fail(l, ESRCH, "no domain is called \"%s\"", who);
}

static int simple(struct lodge *l, unsigned int domid, uint32_t cmd,
		  const char *verb)
{
	struct xen_domctl op = {.cmd = cmd, .domain = (domid_t)domid};

	return hv_domctl(l, &op)
		       ? fail_because(l, "cannot %s domain %u", verb, domid)
		       : 0;
}

int lodge_domain_pause(struct lodge *l, unsigned int domid)
{
	return simple(l, domid, XEN_DOMCTL_pausedomain, "pause");
}

int lodge_domain_unpause(struct lodge *l, unsigned int domid)
{
	return simple(l, domid, XEN_DOMCTL_unpausedomain, "unpause");
}
