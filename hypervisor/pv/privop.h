/* SPDX-License-Identifier: MIT */
/*
 * privop.h - callbacks of the instruction emulator for PV guests, by file
 */
#ifndef LODGE_PV_PRIVOP_H
#define LODGE_PV_PRIVOP_H

#include "private.h"

#include <lodge/emulate.h>

/* privop-mem.c: code, memory and segments of current. */
unsigned int privop_fetch(struct emul_ctxt *c, uint64_t addr, void *buf,
			  unsigned int bytes);
int privop_segment(struct emul_ctxt *c, enum emul_seg seg,
		   struct emul_segment *out);
int privop_read(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		struct emul_val *val, unsigned int bytes);
int privop_write(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		 const struct emul_val *val, unsigned int bytes);
int privop_probe_write(struct emul_ctxt *c, enum emul_seg seg, uint64_t addr,
		       unsigned int bytes);
/* Size of the code segment that current runs in. */
enum emul_mode privop_mode(const struct cpu_user_regs *regs);

/* privop-io.c: ports. */
int privop_read_io(struct emul_ctxt *c, uint16_t port, unsigned int bytes,
		   uint32_t *val);
int privop_write_io(struct emul_ctxt *c, uint16_t port, unsigned int bytes,
		    uint32_t val);

#endif
