/* SPDX-License-Identifier: MIT */
/*
 * pci.h - PCI configuration space and the devices Dom0 told us of
 *
 * An sbdf is segment << 16 | bus << 8 | device << 3 | function.
 */
#ifndef LODGE_PCI_H
#define LODGE_PCI_H

#include <lodge/types.h>

/* By MCFG where there is one, else CF8/CFC (registers below 256, segment 0).
 * A register that cannot be reached reads as all ones. */
uint8_t pci_conf_read8(uint32_t sbdf, unsigned int reg);
uint16_t pci_conf_read16(uint32_t sbdf, unsigned int reg);
uint32_t pci_conf_read32(uint32_t sbdf, unsigned int reg);
void pci_conf_write8(uint32_t sbdf, unsigned int reg, uint8_t v);
void pci_conf_write16(uint32_t sbdf, unsigned int reg, uint16_t v);
void pci_conf_write32(uint32_t sbdf, unsigned int reg, uint32_t v);
/* Legacy access for a guest's emulated CF8/CFC: @cf8 is its latch. */
uint32_t pci_cf8_read(uint32_t cf8, unsigned int offset, unsigned int bytes);
void pci_cf8_write(uint32_t cf8, unsigned int offset, unsigned int bytes,
		   uint32_t v);
/* Offset of a capability in configuration space; 0: not there. Bounded. */
unsigned int pci_find_capability(uint32_t sbdf, uint8_t id);

void pci_init(void);
/* PHYSDEVOP_pci_mmcfg_reserved: Dom0 says that the range is usable.
 * 0; -ENODEV no such MCFG entry; -ENOMEM */
int pci_mmcfg_reserved(uint64_t address, uint16_t segment, uint8_t start_bus,
		       uint8_t end_bus, bool usable);
/* PHYSDEVOP_pci_device_add / remove. 0; -ENODEV nothing answers there or
 * unknown segment; -ENOMEM; -EEXIST is not an error (0). */
int pci_device_add(uint32_t sbdf);
int pci_device_remove(uint32_t sbdf);
bool pci_device_known(uint32_t sbdf);

#endif
