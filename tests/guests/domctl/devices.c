/* SPDX-License-Identifier: MIT */
/*
 * devices.c - which node the machine's PCI devices are near to
 *
 * The machine has no table of that: a device that Dom0 announced is near to
 * none in particular, and any other is not known.
 */
#include "build.h"

#include <guestkit/hypercall.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <xen/physdev.h>

#define BAD_POINTER ((void *)0x1000)
#define UNTOUCHED   0x55555555U
#define MANY	    100000U
#define NR_DEVS	    4

/* There is a host bridge at 0:0.0. */
static physdev_pci_device_t devs[MANY] = {
	{.devfn = 0},
	{.bus = 0xfe},
	{.seg = 7},
	{.devfn = 0},
};
static uint32_t nodes[MANY + 1];	/* the last stays as it is */

static long ask(uint32_t *nr, void *from, void *to)
{
	struct xen_sysctl op = {0};
	long rc;

	op.u.pcitopoinfo.num_devs = *nr;
	set_xen_guest_handle(op.u.pcitopoinfo.devs, from);
	set_xen_guest_handle(op.u.pcitopoinfo.nodes, to);
	rc = sysctl(XEN_SYSCTL_pcitopoinfo, &op);
	*nr = op.u.pcitopoinfo.num_devs;
	return rc;
}

static void announce_bridge(void)
{
	struct physdev_pci_device_add add = {0};

	CHECK_EQ(HYPERVISOR_physdev_op(PHYSDEVOP_pci_device_add, &add), 0);
}

/* As often as the answer is not complete, which is not promised even of a
 * short list, the rest is asked for. */
static void ask_all(uint32_t count)
{
	uint32_t done = 0, nr;

	while (done < count) {
		nr = count - done;
		CHECK_EQ(ask(&nr, devs + done, nodes + done), 0);
		REQUIRE(nr > 0 && nr <= count - done);
		done += nr;
		CHECK_EQ(nodes[done], UNTOUCHED);
	}
}

TEST(devices_and_nodes)
{
	announce_bridge();
	memset(nodes, 0x55, sizeof(nodes));
	ask_all(NR_DEVS);
	CHECK_EQ(nodes[0], XEN_INVALID_NODE_ID);
	CHECK_EQ(nodes[1], XEN_INVALID_DEV);
	CHECK_EQ(nodes[2], XEN_INVALID_DEV);
	CHECK_EQ(nodes[3], XEN_INVALID_NODE_ID);
}

TEST(very_many_devices)
{
	announce_bridge();
	memset(nodes, 0x55, sizeof(nodes));
	ask_all(MANY);
	CHECK_EQ(nodes[0], XEN_INVALID_NODE_ID);
	CHECK_EQ(nodes[1], XEN_INVALID_DEV);
	CHECK_EQ(nodes[MANY - 1], XEN_INVALID_NODE_ID);
}

TEST(devices_asked_wrongly)
{
	static const struct {
		uint32_t nr;
		void *devs, *nodes;
		long rc;
	} calls[] = {
		{0, devs, nodes, RECORDED(0)},
		{0, NULL, NULL, RECORDED(-EINVAL)},
		{NR_DEVS, NULL, nodes, RECORDED(-EINVAL)},
		{NR_DEVS, devs, NULL, RECORDED(-EINVAL)},
		{NR_DEVS, BAD_POINTER, nodes, -EFAULT},
		{NR_DEVS, devs, BAD_POINTER, -EFAULT},
		/* The hypervisor's own memory. */
		{NR_DEVS, devs, (void *)0xffff800000000000UL, -EFAULT},
		{NR_DEVS, (void *)0xffff800000000000UL, nodes, -EFAULT},
	};
	unsigned int i;

	nodes[0] = UNTOUCHED;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		uint32_t nr = calls[i].nr;

		CHECK_EQ(ask(&nr, calls[i].devs, calls[i].nodes), calls[i].rc);
		CHECK_EQ(nr, calls[i].nr);
		CHECK_EQ(nodes[0], UNTOUCHED);
	}
}
