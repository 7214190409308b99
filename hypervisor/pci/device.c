/* SPDX-License-Identifier: MIT */
/*
 * device.c - the PCI devices that Dom0 told us of
 *
 * Dom0 enumerates the buses; nothing is scanned here.
 *
 * Locks: devices_lock (LOCK_PCI).
 */
#include "private.h"

#include <lodge/errno.h>
#include <lodge/list.h>
#include <lodge/mm.h>
#include <lodge/spinlock.h>

struct pci_device {
	struct list_head link;
	uint32_t sbdf;
};

static spinlock_t devices_lock = SPINLOCK_INIT(LOCK_PCI);
static struct list_head devices = LIST_HEAD_INIT(devices);

/* With the lock. */
static struct pci_device *find(uint32_t sbdf)
{
	struct pci_device *dev;

	list_for_each(dev, &devices, link)
		if (dev->sbdf == sbdf)
			return dev;
	return NULL;
}

/**
 * pci_device_add() - Dom0 announces a device
 * @sbdf: which
 *
 * Whether it answers is not asked: virtual functions are announced before
 * they are switched on.
 *
 * Context: thread; takes LOCK_PCI.
 * Return: 0, also if it is known already; -ENODEV unknown segment; -ENOMEM.
 */
int pci_device_add(uint32_t sbdf)
{
	struct pci_device *dev, *known;

	if (!pci_segment_known(PCI_SEGMENT(sbdf)))
		return -ENODEV;
	dev = kzalloc(sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->sbdf = sbdf;
	spin_lock(&devices_lock);
	known = find(sbdf);
	if (!known)
		list_add_tail(&dev->link, &devices);
	spin_unlock(&devices_lock);
	if (known)
		kfree(dev);
	return 0;
}

/**
 * pci_device_remove() - Dom0 says that a device is gone
 * @sbdf: which
 *
 * Context: thread; takes LOCK_PCI.
 * Return: 0; -ENODEV not known.
 */
int pci_device_remove(uint32_t sbdf)
{
	struct pci_device *dev;

	spin_lock(&devices_lock);
	dev = find(sbdf);
	if (dev)
		list_del(&dev->link);
	spin_unlock(&devices_lock);
	if (!dev)
		return -ENODEV;
	kfree(dev);
	return 0;
}

/**
 * pci_device_known() - did Dom0 announce it?
 * @sbdf: which
 *
 * Context: thread; takes LOCK_PCI.
 */
bool pci_device_known(uint32_t sbdf)
{
	bool known;

	spin_lock(&devices_lock);
	known = find(sbdf) != NULL;
	spin_unlock(&devices_lock);
	return known;
}
