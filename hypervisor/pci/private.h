/* SPDX-License-Identifier: MIT */
/*
 * private.h - what the files of pci/ share
 */
#ifndef LODGE_PCI_PRIVATE_H
#define LODGE_PCI_PRIVATE_H

#include <lodge/pci.h>

/* By ports always, or by an entry of the MCFG. */
bool pci_segment_known(uint16_t segment);

#endif
