/* SPDX-License-Identifier: MIT */
/*
 * policy-msr.c - the MSRs of a CPU policy
 *
 * Tools know two that tell of features, and bring room for just these. No
 * guest of ours has anything by them: both read as zero in every policy, and a
 * policy in which one is not zero, as another hypervisor may have made it,
 * promises what we do not keep.
 *
 * Locks: none.
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/lib.h>

static const uint32_t msrs[] = { MSR_PLATFORM_INFO, MSR_ARCH_CAPABILITIES };

static bool is_known(uint32_t idx)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i] == idx)
			return true;
	return false;
}

/**
 * policy_put_msrs() - write the MSRs of a policy
 * @list: where to; NULL: only count them
 * @nr:   in, the room in entries; out, how many there are
 *
 * Return: 0; -ENOBUFS: the list is too short; -EFAULT.
 */
int policy_put_msrs(guest_ptr_t list, uint32_t *nr)
{
	xen_msr_entry_t entries[ARRAY_SIZE(msrs)] = { { 0 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		entries[i].idx = msrs[i];
	if (!guest_ptr_null(list) && *nr < ARRAY_SIZE(msrs))
		return -ENOBUFS;
	*nr = ARRAY_SIZE(msrs);
	if (guest_ptr_null(list))
		return 0;
	return copy_to_guest(list, entries, sizeof(entries)) ? -EFAULT : 0;
}

/**
 * policy_check_msrs() - may a domain have these MSRs?
 * @list: entries
 * @nr:   how many
 * @err:  written if one is refused: which
 *
 * Return: 0; -E2BIG: more than there are; -EINVAL: flags, or a value that we do
 *         not offer; -ERANGE: an MSR that no policy has; -EFAULT.
 */
int policy_check_msrs(guest_ptr_t list, uint32_t nr, uint32_t *err)
{
	xen_msr_entry_t entry;
	uint32_t i;

	if (nr > ARRAY_SIZE(msrs))
		return -E2BIG;
	for (i = 0; i < nr; i++) {
		if (copy_from_guest(&entry,
				    guest_ptr_add(list, i * sizeof(entry)),
				    sizeof(entry)))
			return -EFAULT;
		if (is_known(entry.idx) && !entry.flags && !entry.val)
			continue;
		*err = entry.idx;
		return is_known(entry.idx) ? -EINVAL : -ERANGE;
	}
	return 0;
}
