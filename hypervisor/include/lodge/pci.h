/* SPDX-License-Identifier: MIT */
/*
 * pci.h - PCI configuration space and the devices Dom0 told us of
 *
 * An sbdf is segment << 16 | bus << 8 | device << 3 | function.
 */
#ifndef LODGE_PCI_H
#define LODGE_PCI_H

#include <lodge/types.h>

#define PCI_SEGMENT(sbdf)	((uint16_t)((sbdf) >> 16))
#define PCI_BUS(sbdf)		((sbdf) >> 8 & 0xff)
#define PCI_DEVFN(sbdf)		((sbdf) & 0xff)
#define PCI_SBDF(seg, bus, devfn)                                             \
	((uint32_t)(seg) << 16 | (uint32_t)(bus) << 8 | (uint32_t)(devfn))

/* Registers of the header, and capabilities, that we look at. Both end here;
 * what PCI Express has beyond is none of ours. */
#define PCI_HEADER_END		0x100
#define PCI_VENDOR_ID		0x00
#define PCI_COMMAND		0x04
#define PCI_STATUS		0x06
#define PCI_HEADER_TYPE		0x0e
#define PCI_BAR(n)		(0x10 + 4 * (n))
#define PCI_CAP_POINTER		0x34
#define PCI_CAP_POINTER_CARDBUS	0x14
#define PCI_TYPE_NORMAL		0
#define PCI_TYPE_BRIDGE		1
#define PCI_TYPE_CARDBUS	2
#define PCI_COMMAND_MEMORY	0x0002
#define PCI_COMMAND_INTX_OFF	0x0400
#define PCI_CAP_ID_MSI		0x05
#define PCI_CAP_ID_MSIX		0x11

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
/* PHYSDEVOP_pci_device_add / remove. 0; -ENODEV unknown segment (add), not
 * known (remove); -ENOMEM; one that is known already is not an error (0). */
int pci_device_add(uint32_t sbdf);
int pci_device_remove(uint32_t sbdf);
bool pci_device_known(uint32_t sbdf);

#endif
