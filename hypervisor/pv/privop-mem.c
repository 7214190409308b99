/* SPDX-License-Identifier: MIT */
/*
 * privop-mem.c - code, memory and segments, as the emulator sees them
 */
#include "privop.h"

#include <lodge/cpu.h>
#include <lodge/lib.h>

#define SEL_LOCAL	4	/* table indicator: of the LDT */

/* Access rights of a selector as LAR gives them; 0: none. */
#define AR_CODE		(1U << 11)
#define AR_RW		(1U << 9)	/* readable code, writable data */
#define AR_DOWN		(1U << 10)	/* data: expand-down */
#define AR_S		(1U << 12)
#define AR_P		(1U << 15)
#define AR_L		(1U << 21)
#define AR_D		(1U << 22)

/*
 * LAR and LSL read the descriptor, which may lie in a page of the table that
 * is not there: then, too, the answer is "none".
 */
#define DEFINE_ASK(name, insn)                                                \
	static uint32_t name(uint16_t sel)                                    \
	{                                                                     \
		uint32_t val = 0;                                             \
		__asm__ volatile("1: " insn " %1, %0\n"                       \
				 "jz 3f\n"                                    \
				 "2: xorl %0, %0\n"                           \
				 "3:\n"                                       \
				 ".pushsection .ex_table, \"a\"\n"            \
				 ".balign 4\n"                                \
				 ".long 1b - ., 2b - .\n"                     \
				 ".popsection"                                \
				 : "+r"(val)                                  \
				 : "r"((uint32_t)sel)                         \
				 : "cc");                                     \
		return val;                                                   \
	}
DEFINE_ASK(access_rights, "lar")
DEFINE_ASK(segment_limit, "lsl")
#undef DEFINE_ASK

/* A page of the LDT may have gone since the selector was loaded. */
static uint32_t rights_of(uint16_t sel)
{
	if (sel & SEL_LOCAL)
		(void)pv_ldt_fault(current, sel & ~7UL);
	return access_rights(sel);
}

enum emul_mode privop_mode(const struct cpu_user_regs *regs)
{
	uint32_t ar = rights_of(regs->cs);

	if (ar & AR_L)
		return EMUL_MODE_64;
	return ar & AR_D ? EMUL_MODE_32 : EMUL_MODE_16;
}

/* The descriptor lies in the vCPU's own mapping of its tables; LAR has just
 * read it, so it is there. */
static uint32_t segment_base(const struct vcpu *v, uint16_t sel)
{
	unsigned long table = PERDOMAIN_BASE + v->id * PERDOMAIN_VCPU_SIZE;
	uint64_t desc;

	if (sel & SEL_LOCAL)
		table += PERDOMAIN_LDT_PAGE * PAGE_SIZE;
	desc = READ_ONCE(*(uint64_t *)(table + (sel & ~7UL)));
	return (uint32_t)(desc >> 16 & 0xffffff) |
	       (uint32_t)(desc >> 56) << 24;
}

static uint16_t selector_of(const struct cpu_user_regs *regs,
			    enum emul_seg seg)
{
	uint16_t sel;

	switch (seg) {
	case EMUL_SEG_ES:
		__asm__ volatile("mov %%es, %0" : "=r"(sel));
		return sel;
	case EMUL_SEG_CS:
		return regs->cs;
	case EMUL_SEG_SS:
		return regs->ss;
	case EMUL_SEG_DS:
		__asm__ volatile("mov %%ds, %0" : "=r"(sel));
		return sel;
	case EMUL_SEG_FS:
		__asm__ volatile("mov %%fs, %0" : "=r"(sel));
		return sel;
	case EMUL_SEG_GS:
		__asm__ volatile("mov %%gs, %0" : "=r"(sel));
		return sel;
	}
	return 0;
}

int privop_segment(struct emul_ctxt *c, enum emul_seg seg,
		   struct emul_segment *out)
{
	uint16_t sel = selector_of(c->regs, seg);
	uint32_t ar;

	memset(out, 0, sizeof(*out));
	if (c->mode == EMUL_MODE_64) {
		if (seg == EMUL_SEG_FS)
			out->base = rdmsr(MSR_FS_BASE);
		else if (seg == EMUL_SEG_GS)
			out->base = rdmsr(MSR_GS_BASE);
		return EMUL_OK;
	}
	ar = rights_of(sel);
	if (!(sel & ~3) || (ar & (AR_P | AR_S)) != (AR_P | AR_S))
		return EMUL_OK;
	out->usable = true;
	out->base = segment_base(current, sel);
	out->limit = segment_limit(sel);
	out->readable = !(ar & AR_CODE) || (ar & AR_RW);
	out->writable = !(ar & AR_CODE) && (ar & AR_RW);
	out->expand_down = !(ar & AR_CODE) && (ar & AR_DOWN);
	out->big = ar & AR_D;
	return EMUL_OK;
}

static int raise_pf(struct emul_ctxt *c, uint64_t addr, uint32_t error)
{
	return emul_raise_pf(c, addr, error | (c->cpl ? PFEC_USER : 0));
}

unsigned int privop_fetch(struct emul_ctxt *c, uint64_t addr, void *buf,
			  unsigned int bytes)
{
	unsigned int left = (unsigned int)pv_copy_from(buf, addr, bytes);

	if (left)
		raise_pf(c, addr + bytes - left, PFEC_INSN);
	return bytes - left;
}

int privop_read(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		struct emul_val *val, unsigned int bytes)
{
	size_t left;

	memset(val, 0, sizeof(*val));
	left = pv_copy_from(val, addr, bytes);
	return left ? raise_pf(c, addr + bytes - left, 0) : EMUL_OK;
}

int privop_write(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		 const struct emul_val *val, unsigned int bytes)
{
	size_t left;

	left = pv_copy_to(addr, val, bytes);
	return left ? raise_pf(c, addr + bytes - left, PFEC_WRITE) : EMUL_OK;
}

/* Two touches, first and last byte, reach both pages that can be concerned. */
int privop_probe_write(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		       unsigned int bytes)
{
	if (!pv_touch(addr))
		return raise_pf(c, addr, PFEC_WRITE);
	addr += bytes - 1;
	return pv_touch(addr) ? EMUL_OK : raise_pf(c, addr, PFEC_WRITE);
}
