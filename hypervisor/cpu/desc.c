/* SPDX-License-Identifier: MIT */
/*
 * desc.c - GDT, IDT and TSS
 *
 * The IDT is one for all CPUs. Each CPU has a GDT page, which the ABI puts
 * behind the 14 frames that a guest may give: with no guest's table loaded the
 * GDT's base lies 14 pages below it, and only our entries are ever used.
 *
 * Before memory is set up the boot CPU runs on a static GDT page.
 */
#include "private.h"

#include <lodge/asm-offsets.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

struct idt_gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};

struct __packed table_register {
	uint16_t limit;
	uint64_t base;
};

_Static_assert(NR_IST == 4, "STACK_PAGE_USED");

#define GATE_INTERRUPT	0x8e
#define GATE_DPL3	0x60

/* Entries of the CPU's page, by the low bits of their selectors. */
#define GDT_INDEX(sel)	(((sel) - GDT_RESERVED_BYTE) / 8)
#define DESC_RING0_CS	0x00af9b000000ffffUL
#define DESC_RING0_DS	0x00cf93000000ffffUL
#define DESC_RING3_CS32	0x00cffb000000ffffUL
#define DESC_RING3_DS32	0x00cff3000000ffffUL
#define DESC_RING3_CS64	0x00affb000000ffffUL
#define DESC_TSS	0x0000890000000000UL
#define DESC_LDT	0x0000820000000000UL

static struct idt_gate idt[256] __aligned(PAGE_SIZE);
static uint64_t boot_gdt_page[512] __aligned(PAGE_SIZE);

static void set_gate(unsigned int vector, unsigned int ist, uint8_t type)
{
	unsigned long entry = (unsigned long)vector_stubs + vector * 16;

	idt[vector] = (struct idt_gate){
		.offset_low = (uint16_t)entry,
		.selector = SEL_RING0_CS,
		.ist = (uint8_t)ist,
		.type = type,
		.offset_mid = (uint16_t)(entry >> 16),
		.offset_high = (uint32_t)(entry >> 32),
	};
}

static void idt_fill(void)
{
	unsigned int v;

	for (v = 0; v < 256; v++)
		set_gate(v, 0, GATE_INTERRUPT);
	/* Those a PV guest may raise without a detour over #GP. */
	set_gate(X86_EXC_BP, 0, GATE_INTERRUPT | GATE_DPL3);
	set_gate(X86_EXC_OF, 0, GATE_INTERRUPT | GATE_DPL3);
	set_gate(0x80, 0, GATE_INTERRUPT | GATE_DPL3);
	set_gate(X86_EXC_DF, IST_DF, GATE_INTERRUPT);
	set_gate(X86_EXC_NMI, IST_NMI, GATE_INTERRUPT);
	set_gate(X86_EXC_MC, IST_MCE, GATE_INTERRUPT);
	/* "mov ss; syscall" delivers #DB on the guest's stack otherwise. */
	set_gate(X86_EXC_DB, IST_DB, GATE_INTERRUPT);
}

void idt_load(void)
{
	struct table_register r = { sizeof(idt) - 1, (unsigned long)idt };

	__asm__ volatile("lidt %0" ::"m"(r));
}

/* A 16-byte system descriptor. */
static void set_system_desc(uint64_t *gdt, unsigned int sel, uint64_t type,
			    unsigned long base, unsigned int limit)
{
	uint64_t *e = gdt + GDT_INDEX(sel);

	e[0] = type | (limit & 0xffff) | (base & 0xffffff) << 16 |
	       (uint64_t)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
	e[1] = base >> 32;
}

static void gdt_fill(uint64_t *gdt)
{
	gdt[GDT_INDEX(SEL_RING0_CS)] = DESC_RING0_CS;
	gdt[GDT_INDEX(SEL_RING0_DS)] = DESC_RING0_DS;
	gdt[GDT_INDEX(SEL_RING3_CS32)] = DESC_RING3_CS32;
	gdt[GDT_INDEX(SEL_RING3_DS32)] = DESC_RING3_DS32;
	gdt[GDT_INDEX(SEL_RING3_CS64)] = DESC_RING3_CS64;
	set_system_desc(gdt, SEL_TSS, DESC_TSS, (unsigned long)&this_cpu(tss),
			sizeof(struct tss) - 1);
	set_system_desc(gdt, SEL_LDT, DESC_LDT, 0, 0);
}

/**
 * load_gdt() - load GDTR
 * @base: address of entry 0; our entries follow GDT_RESERVED_BYTE bytes later
 */
void load_gdt(unsigned long base)
{
	struct table_register r = { GDT_LAST_BYTE, base };

	__asm__ volatile("lgdt %0" ::"m"(r));
}

/**
 * load_ldt() - point this CPU's LDT descriptor there, and load LDTR
 * @base:       virtual address of the table
 * @nr_entries: 8-byte entries; 0 loads a null LDT
 */
void load_ldt(unsigned long base, unsigned int nr_entries)
{
	uint16_t sel = 0;

	if (nr_entries) {
		set_system_desc(this_cpu(gdt_page), SEL_LDT, DESC_LDT, base,
				nr_entries * 8 - 1);
		sel = SEL_LDT;
	}
	__asm__ volatile("lldt %0" ::"r"(sel));
}

/* Segment registers after a GDT change: cs by far return, ss by hand. */
static void reload_segments(void)
{
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %1, %%ss\n\t"
			 "movl %2, %%ds\n\t"
			 "movl %2, %%es\n\t"
			 "movl %2, %%fs\n\t"
			 "movl %2, %%gs"
			 ::"i"(SEL_RING0_CS), "r"(SEL_RING0_DS), "r"(0)
			 : "rax", "memory");
}

static void tss_fill(struct tss *t)
{
	unsigned long top = (unsigned long)get_cpu_info();
	unsigned long block = top & ~((unsigned long)STACK_SIZE - 1);
	unsigned int i;

	memset(t, 0, sizeof(*t));
	t->iomap_base = sizeof(*t);	/* none: every port access faults */
	t->rsp[0] = top + REGS_es;
	for (i = 1; i <= NR_IST; i++)
		t->ist[i - 1] = block + (STACK_IST_PAGE(i) + 1) * PAGE_SIZE;
}

static void load_tables(uint64_t *gdt)
{
	tss_fill(&this_cpu(tss));
	gdt_fill(gdt);
	load_gdt((unsigned long)gdt - GDT_RESERVED_BYTE);
	reload_segments();
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS));
	load_ldt(0, 0);
	idt_load();
}

/**
 * traps_early_init() - exceptions of the boot CPU, before memory is set up
 *
 * Context: boot CPU, IRQs off.
 */
void traps_early_init(void)
{
	idt_fill();
	load_tables(boot_gdt_page);
}

/* The same on the CPU's own GDT page, and for each AP. */
void desc_init_this(void)
{
	load_tables(this_cpu(gdt_page));
}
