/* SPDX-License-Identifier: MIT */
/*
 * world.h - what lies below physdev_op and platform_op, played
 *
 * Two domains, pirqs, one PCI device that can be made known. Guest memory is
 * the test's own, except the page at BAD_ADDRESS.
 */
#ifndef TEST_PHYSDEV_WORLD_H
#define TEST_PHYSDEV_WORLD_H

#include "../fake/machine.h"

#include <lodge/event.h>
#include <lodge/guest.h>
#include <lodge/irq.h>
#include <lodge/pci.h>
#include <xen/physdev.h>

#define NR_GSIS		24
#define BAD_ADDRESS	0x1000UL
#define DEVICE		PCI_SBDF(0, 3, 0x10)
#define OTHER_DOMID	7	/* may have GSI 5 */

extern struct domain self, other;
extern struct vcpu vcpu;		/* of self */
extern const struct guest_ops ops, no_ops;

/* What was asked of the guest layer. */
extern unsigned int iopl_set, nr_ports_set;
extern uint64_t bitmap_set_to;

/* The irq of each pirq, of self and other; -1: none. */
extern int pirqs[2][NR_PIRQS];
extern unsigned int map_fails_after;	/* so many mappings more */
extern unsigned int last_eoi;
extern bool eoi_auto_unmask;

extern struct msi_request last_request;
extern unsigned int msi_nr, nr_msi_allocs;	/* in use; calls so far */
extern int msi_rc, protect_rc;		/* what msi_alloc, .._device_add say */
extern bool device_known, device_busy;

long physdev(unsigned int cmd, void *arg);
long map(struct physdev_map_pirq *m);
struct physdev_map_pirq gsi_request(int gsi, int pirq);
struct physdev_map_pirq msi_request(int type);

int start(void **state);
int finish(void **state);
#define T(name) cmocka_unit_test_setup_teardown(name, start, finish)

#endif
