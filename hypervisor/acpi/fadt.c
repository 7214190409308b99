/* SPDX-License-Identifier: MIT */
/*
 * fadt.c - fixed hardware (ACPI 6.4, 5.2.9), sleep and reset by it
 */
#include "private.h"

#include <lodge/console.h>
#include <lodge/errno.h>
#include <lodge/mm.h>
#include <lodge/smp.h>
#include <lodge/x86.h>

enum fadt_field {
	FADT_FACS = 36,
	FADT_SCI_INT = 46,
	FADT_SMI_CMD = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_PM1A_EVT = 56,
	FADT_PM1B_EVT = 60,
	FADT_PM1A_CNT = 64,
	FADT_PM1B_CNT = 68,
	FADT_PM_TMR = 76,
	FADT_PM1_EVT_LEN = 88,
	FADT_PM1_CNT_LEN = 89,
	FADT_PM_TMR_LEN = 91,
	FADT_BOOT_ARCH = 109,
	FADT_FLAGS = 112,
	FADT_V1_LENGTH = 116,
	FADT_RESET_REG = 116,
	FADT_RESET_VALUE = 128,
	FADT_X_FACS = 132,
	FADT_X_PM1A_EVT = 148,
	FADT_X_PM1B_EVT = 160,
	FADT_X_PM1A_CNT = 172,
	FADT_X_PM1B_CNT = 184,
	FADT_X_PM_TMR = 208,
};

#define BOOT_ARCH_NO_CMOS_RTC	(1U << 5)
#define FLAG_TIMER_32BIT	(1U << 8)
#define FLAG_RESET_REG		(1U << 10)
#define PM_TMR_BYTES		4

#define SLEEP_S5		5
#define PM1_SLP_EN		0x2000U

/* A reset register in memory, mapped. */
static volatile uint8_t *reset_register;

/* An I/O port: the extended field if it is a port, else the old one. */
static uint16_t port_field(const struct acpi_header *t, enum fadt_field old,
			   enum fadt_field extended)
{
	struct acpi_address x = acpi_address_field(t, extended);
	uint64_t port = acpi_field(t, old, 4);

	if (x.space == ACPI_SPACE_IO && x.address)
		port = x.address;
	return port < 0x10000 ? (uint16_t)port : 0;
}

static void parse_reset(const struct acpi_header *t)
{
	struct acpi_address reg = acpi_address_field(t, FADT_RESET_REG);

	acpi_info.reset_space = reg.space;
	acpi_info.reset_address = reg.address;
	acpi_info.reset_value = (uint8_t)acpi_field(t, FADT_RESET_VALUE, 1);
	acpi_info.reset_supported =
		(acpi_field(t, FADT_FLAGS, 4) & FLAG_RESET_REG) &&
		reg.address && reg.space <= ACPI_SPACE_PCI;
}

static void parse_pm_timer(const struct acpi_header *t)
{
	if (acpi_field(t, FADT_PM_TMR_LEN, 1) != PM_TMR_BYTES)
		return;
	acpi_info.pm_timer_port = port_field(t, FADT_PM_TMR, FADT_X_PM_TMR);
	acpi_info.pm_timer_32bit =
		acpi_field(t, FADT_FLAGS, 4) & FLAG_TIMER_32BIT;
}

void acpi_parse_fadt(const struct acpi_header *t)
{
	struct acpi_info *i = &acpi_info;

	if (t->length < FADT_V1_LENGTH) {
		printk(LOG_WARN "ACPI: FADT has only %u bytes; ignored\n",
		       t->length);
		return;
	}
	i->have_fadt = true;
	i->sci_int = (uint16_t)acpi_field(t, FADT_SCI_INT, 2);
	i->smi_command = (uint16_t)acpi_field(t, FADT_SMI_CMD, 4);
	i->acpi_enable = (uint8_t)acpi_field(t, FADT_ACPI_ENABLE, 1);
	i->pm1a_event = port_field(t, FADT_PM1A_EVT, FADT_X_PM1A_EVT);
	i->pm1b_event = port_field(t, FADT_PM1B_EVT, FADT_X_PM1B_EVT);
	i->pm1a_control = port_field(t, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
	i->pm1b_control = port_field(t, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
	i->pm1_event_len = (uint8_t)acpi_field(t, FADT_PM1_EVT_LEN, 1);
	i->pm1_control_len = (uint8_t)acpi_field(t, FADT_PM1_CNT_LEN, 1);
	i->facs_address = acpi_field(t, FADT_X_FACS, 8);
	if (!i->facs_address)
		i->facs_address = acpi_field(t, FADT_FACS, 4);
	i->no_cmos_rtc = acpi_field(t, FADT_BOOT_ARCH, 2) &
			 BOOT_ARCH_NO_CMOS_RTC;
	parse_pm_timer(t);
	parse_reset(t);
}

/* A panic cannot map memory: do it while we can. */
void acpi_reset_init(void)
{
	if (acpi_info.reset_supported &&
	    acpi_info.reset_space == ACPI_SPACE_MEMORY)
		reset_register = ioremap(PADDR(acpi_info.reset_address), 1);
}

#define PCI_CONFIG_ADDRESS	0xcf8
#define PCI_CONFIG_DATA		0xcfc
#define PCI_CONFIG_ENABLE	0x80000000U

/* Bus 0; device, function and register in 16-bit fields. ACPI 6.4, 5.2.3.2 */
static void reset_by_pci(uint64_t addr, uint8_t value)
{
	uint32_t device = addr >> 32 & 0x1f, function = addr >> 16 & 7;
	uint32_t reg = addr & 0xff;

	outl(PCI_CONFIG_ADDRESS, PCI_CONFIG_ENABLE | device << 11 |
					 function << 8 | (reg & 0xfc));
	outb((uint16_t)(PCI_CONFIG_DATA + (reg & 3)), value);
}

/**
 * acpi_reset() - write the FADT's reset register
 *
 * Returns at once if there is none, or later if it has no effect.
 *
 * Context: any, NMI included; the other CPUs are stopped.
 */
void acpi_reset(void)
{
	uint64_t addr = acpi_info.reset_address;
	uint8_t value = acpi_info.reset_value;

	if (!acpi_info.reset_supported)
		return;
	if (acpi_info.reset_space == ACPI_SPACE_IO)
		outb((uint16_t)addr, value);
	else if (acpi_info.reset_space == ACPI_SPACE_PCI)
		reset_by_pci(addr, value);
	else if (reset_register)
		*reset_register = value;
}

static void write_pm1_control(uint16_t a, uint16_t b)
{
	outw(acpi_info.pm1a_control, a);
	if (acpi_info.pm1b_control)
		outw(acpi_info.pm1b_control, b);
}

#define SLEEP_TRIES 1000000U

/**
 * acpi_enter_sleep() - switch the machine off as ACPI does
 * @state:      5: soft off; no other is supported
 * @pm1a_value: 16 bits for PM1a control, with the sleep type that Dom0's AML
 *              gave; the enable bit may be set
 * @pm1b_value: the same for PM1b control
 *
 * Stops the other CPUs before it writes.
 *
 * Context: any CPU; no locks held.
 * Return: -EINVAL another state, more than 16 bits, or no PM1 control
 *         register: nothing was done. -EIO the machine is still on: this CPU
 *         runs on, the others do not.
 */
int acpi_enter_sleep(unsigned int state, uint32_t pm1a_value,
		     uint32_t pm1b_value)
{
	uint16_t a = (uint16_t)(pm1a_value & ~PM1_SLP_EN);
	uint16_t b = (uint16_t)(pm1b_value & ~PM1_SLP_EN);
	unsigned int i;

	if (state != SLEEP_S5 || pm1a_value > 0xffff || pm1b_value > 0xffff)
		return -EINVAL;
	if (!acpi_info.have_fadt || !acpi_info.pm1a_control ||
	    acpi_info.pm1_control_len < 2)
		return -EINVAL;
	printk(LOG_INFO "ACPI: power off\n");
	irq_disable();
	smp_stop_others();
	write_pm1_control(a, b);
	write_pm1_control(a | PM1_SLP_EN, b | PM1_SLP_EN);
	for (i = 0; i < SLEEP_TRIES; i++)
		cpu_relax();
	printk(LOG_ERR "ACPI: the machine did not switch off\n");
	return -EIO;
}
