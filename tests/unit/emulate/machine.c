/* SPDX-License-Identifier: MIT */
/*
 * machine.c - a machine made of callbacks, for the emulator's tests
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

static struct machine *machine(struct emul_ctxt *ctxt)
{
	return container_of(ctxt, struct machine, ctxt);
}

/* Counts and logs a call; true: it has been told to fail. */
__attribute__((format(printf, 2, 3)))
static bool called(struct machine *m, const char *fmt, ...)
{
	size_t used;
	va_list ap;

	if (++m->calls == m->fail_call) {
		if (m->fail_rc == EMUL_EXCEPTION)
			emul_raise(&m->ctxt, EMUL_VEC_GP, 0x1234);
		return true;
	}
	used = strlen(m->log);
	if (!m->logging || used >= sizeof(m->log) - 1)
		return false;
	va_start(ap, fmt);
	vsnprintf(m->log + used, sizeof(m->log) - used, fmt, ap);
	va_end(ap);
	return false;
}

uint64_t machine_value(unsigned int kind, unsigned int nr)
{
	return 0x1122334480000000ULL + (uint64_t)kind * 0x10000 + nr;
}

uint64_t *machine_gpr(struct cpu_user_regs *r, unsigned int nr)
{
	uint64_t *all[] = { &r->rax, &r->rcx, &r->rdx, &r->rbx,
			    &r->rsp, &r->rbp, &r->rsi, &r->rdi,
			    &r->r8,  &r->r9,  &r->r10, &r->r11,
			    &r->r12, &r->r13, &r->r14, &r->r15 };

	return all[nr];
}

static unsigned int fetch(struct emul_ctxt *ctxt, uint64_t addr, void *buf,
			  unsigned int bytes)
{
	struct machine *m = machine(ctxt);
	uint64_t off = addr - m->code_base;
	unsigned int i;

	if (ctxt->mode != EMUL_MODE_64)
		off = (uint32_t)off;
	for (i = 0; i < bytes && off + i < m->code_size; i++)
		((uint8_t *)buf)[i] = m->code[off + i];
	if (i < bytes)
		emul_raise_pf(ctxt, addr + i, 0x14);
	return i;
}

static int segment(struct emul_ctxt *ctxt, enum emul_seg seg,
		   struct emul_segment *out)
{
	*out = machine(ctxt)->segs[seg];
	return EMUL_OK;
}

/* Where @addr is in @m->mem; NULL, with a page fault, if it is not. */
static uint8_t *locate(struct machine *m, uint64_t addr, unsigned int bytes,
		       uint32_t error)
{
	uint64_t off = addr - m->mem_base;

	if (off < m->mem_size && m->mem_size - off >= bytes)
		return m->mem + off;
	emul_raise_pf(&m->ctxt, addr, error);
	return NULL;
}

static int read(struct emul_ctxt *ctxt, enum emul_seg seg, uint64_t addr,
		struct emul_val *val, unsigned int bytes)
{
	struct machine *m = machine(ctxt);
	uint8_t *p;

	if (called(m, "read(%u,%lx,%u) ", seg, addr, bytes))
		return m->fail_rc;
	p = locate(m, addr, bytes, 4);
	if (!p)
		return EMUL_EXCEPTION;
	*val = (struct emul_val){ 0 };
	memcpy(val, p, bytes);
	return EMUL_OK;
}

static int write(struct emul_ctxt *ctxt, enum emul_seg seg, uint64_t addr,
		 const struct emul_val *val, unsigned int bytes)
{
	struct machine *m = machine(ctxt);
	uint8_t *p;

	if (called(m, "write(%u,%lx,%u,%lx) ", seg, addr, bytes, val->lo))
		return m->fail_rc;
	p = locate(m, addr, bytes, 6);
	if (!p)
		return EMUL_EXCEPTION;
	memcpy(p, val, bytes);
	return EMUL_OK;
}

static int cmpxchg(struct emul_ctxt *ctxt, enum emul_seg seg, uint64_t addr,
		   struct emul_val *old, const struct emul_val *new,
		   unsigned int bytes, bool lock)
{
	struct machine *m = machine(ctxt);
	struct emul_val was = { 0 };
	uint8_t *p;

	if (called(m, "cmpxchg(%u,%lx,%u,%d) ", seg, addr, bytes, lock))
		return m->fail_rc;
	p = locate(m, addr, bytes, 6);
	if (!p)
		return EMUL_EXCEPTION;
	m->locked = lock;
	if (m->racer) {
		m->racer--;
		p[0] += 0x10;
	}
	memcpy(&was, p, bytes);
	if (was.lo == old->lo && was.hi == old->hi)
		memcpy(p, new, bytes);
	*old = was;
	return EMUL_OK;
}

static int probe_write(struct emul_ctxt *ctxt, enum emul_seg seg,
		       uint64_t addr, unsigned int bytes)
{
	struct machine *m = machine(ctxt);

	if (called(m, "probe(%u,%lx,%u) ", seg, addr, bytes))
		return m->fail_rc;
	return locate(m, addr, bytes, 6) ? EMUL_OK : EMUL_EXCEPTION;
}

static int read_io(struct emul_ctxt *ctxt, uint16_t port, unsigned int bytes,
		   uint32_t *val)
{
	struct machine *m = machine(ctxt);

	if (called(m, "in(%x,%u) ", port, bytes))
		return m->fail_rc;
	/* More bits than asked for: they must not get through. */
	*val = 0xa1b2c3d4;
	return EMUL_OK;
}

static int write_io(struct emul_ctxt *ctxt, uint16_t port, unsigned int bytes,
		    uint32_t val)
{
	struct machine *m = machine(ctxt);

	return called(m, "out(%x,%u,%x) ", port, bytes, val) ? m->fail_rc :
		EMUL_OK;
}

#define READER(fn, type, kind)						\
static int read_##fn(struct emul_ctxt *ctxt, type nr, uint64_t *val)	\
{									\
	struct machine *m = machine(ctxt);				\
									\
	if (called(m, "read_" #fn "(%x) ", (unsigned int)nr))		\
		return m->fail_rc;					\
	*val = machine_value(kind, nr);					\
	return EMUL_OK;							\
}

#define WRITER(fn, type)						\
static int write_##fn(struct emul_ctxt *ctxt, type nr, uint64_t val)	\
{									\
	struct machine *m = machine(ctxt);				\
									\
	return called(m, "write_" #fn "(%x,%lx) ", (unsigned int)nr, val) ? \
		m->fail_rc : EMUL_OK;					\
}

READER(cr, unsigned int, 1)
WRITER(cr, unsigned int)
READER(dr, unsigned int, 2)
WRITER(dr, unsigned int)
READER(msr, uint32_t, 3)
WRITER(msr, uint32_t)
READER(xcr, uint32_t, 4)
WRITER(xcr, uint32_t)
READER(pmc, uint32_t, 5)
READER(base, enum emul_base, 6)
WRITER(base, enum emul_base)

static int cpuid(struct emul_ctxt *ctxt, uint32_t leaf, uint32_t subleaf,
		 uint32_t out[4])
{
	struct machine *m = machine(ctxt);
	unsigned int i;

	if (called(m, "cpuid(%x,%x) ", leaf, subleaf))
		return m->fail_rc;
	for (i = 0; i < 4; i++)
		out[i] = 0xc0de0000 + i;
	return EMUL_OK;
}

static int read_tsc(struct emul_ctxt *ctxt, uint64_t *tsc, uint32_t *aux)
{
	struct machine *m = machine(ctxt);

	if (called(m, "tsc(%d) ", aux != NULL))
		return m->fail_rc;
	*tsc = machine_value(7, 0);
	if (aux)
		*aux = 0xaaaa5555;
	return EMUL_OK;
}

static int swapgs(struct emul_ctxt *ctxt)
{
	struct machine *m = machine(ctxt);

	return called(m, "swapgs ") ? m->fail_rc : EMUL_OK;
}

static int set_if(struct emul_ctxt *ctxt, bool enable)
{
	struct machine *m = machine(ctxt);

	return called(m, "if(%d) ", enable) ? m->fail_rc : EMUL_OK;
}

static int cache(struct emul_ctxt *ctxt, enum emul_cache_op op)
{
	struct machine *m = machine(ctxt);

	return called(m, op == EMUL_CACHE_INVD ? "invd " : "wbinvd ") ?
		m->fail_rc : EMUL_OK;
}

static int invlpg(struct emul_ctxt *ctxt, uint64_t addr)
{
	struct machine *m = machine(ctxt);

	return called(m, "invlpg(%lx) ", addr) ? m->fail_rc : EMUL_OK;
}

static const struct emul_ops all_ops = {
	.fetch = fetch, .segment = segment,
	.read = read, .write = write, .cmpxchg = cmpxchg,
	.probe_write = probe_write, .read_io = read_io, .write_io = write_io,
	.read_cr = read_cr, .write_cr = write_cr,
	.read_dr = read_dr, .write_dr = write_dr,
	.read_msr = read_msr, .write_msr = write_msr,
	.read_xcr = read_xcr, .write_xcr = write_xcr,
	.read_pmc = read_pmc, .read_tsc = read_tsc, .cpuid = cpuid,
	.read_base = read_base, .write_base = write_base,
	.swapgs = swapgs, .set_if = set_if, .cache = cache, .invlpg = invlpg,
};

void machine_init(struct machine *m)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->ops = all_ops;
	m->ctxt.ops = &m->ops;
	m->ctxt.regs = &m->regs;
	m->ctxt.mode = EMUL_MODE_64;
	m->regs.rflags = 0x202;
	m->logging = true;
	for (i = 0; i < 6; i++)
		m->segs[i] = (struct emul_segment){
			.limit = UINT32_MAX, .usable = true, .readable = true,
			.writable = i != EMUL_SEG_CS, .big = true,
		};
}

void machine_code(struct machine *m, const uint8_t *code, size_t size,
		  uint64_t base)
{
	m->code = code;
	m->code_size = size;
	m->code_base = base;
	m->regs.rip = base;
}
