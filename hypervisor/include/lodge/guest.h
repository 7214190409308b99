/* SPDX-License-Identifier: MIT */
/*
 * guest.h - guest memory, long calls, kinds of guest, tables of operations
 */
#ifndef LODGE_GUEST_H
#define LODGE_GUEST_H

#include <lodge/domain.h>
#include <lodge/types.h>

/* ---- kinds of guest: asked nowhere but here ---- */
enum gfn_access { GFN_READ, GFN_WRITE };

struct xen_domctl_ext_vcpucontext;

struct guest_ops {
	const char *name;
	int (*domain_init)(struct domain *d);		/* 0; -ENOMEM */
	void (*domain_destroy)(struct domain *d);
	int (*vcpu_init)(struct vcpu *v);		/* 0; -ENOMEM */
	void (*vcpu_destroy)(struct vcpu *v);
	/* State into v->regs and pv; loads the other's. IRQs off. */
	void (*switch_from)(struct vcpu *v);
	void (*switch_to)(struct vcpu *v);
	/* VCPUOP_initialise's and the builder's context, checked whole.
	 * 0; -EINVAL; -ERESTART (preempted: call again) */
	int (*set_context)(struct vcpu *v,
			   const struct vcpu_guest_context *ctx);
	/* The same the other way; @ctx is zero. Of a vCPU that does not run. */
	void (*get_context)(struct vcpu *v, struct vcpu_guest_context *ctx);
	/* XEN_DOMCTL_set_ext_vcpucontext and get_: callbacks that are not in
	 * vcpu_guest_context. 0; -EINVAL */
	int (*set_ext_context)(struct vcpu *v,
			       const struct xen_domctl_ext_vcpucontext *ext);
	void (*get_ext_context)(const struct vcpu *v,
				struct xen_domctl_ext_vcpucontext *ext);
	/* The domain dies; no vCPU is loaded anywhere. First for each vCPU,
	 * then for all memory. 0; -ERESTART: call again. */
	int (*vcpu_relinquish)(struct vcpu *v);
	int (*relinquish_memory)(struct domain *d);
	/* Writes the code by which the kernel calls us into a page. */
	void (*fill_hypercall_page)(void *page);
	/* Copies between hypervisor and the current guest's virtual memory.
	 * Number of bytes *not* copied. */
	size_t (*copy_from)(void *dst, unsigned long src, size_t len);
	size_t (*copy_to)(unsigned long dst, const void *src, size_t len);
	/* Is it an address that can be the guest's at all? */
	bool (*address_ok)(unsigned long va, size_t len);
	/* As copy_to, in the address space of the guest's kernel even while
	 * its user mode runs: areas that the kernel registered. IRQs any. */
	size_t (*copy_to_kernel)(unsigned long dst, const void *src,
				 size_t len);
	/* See gfn_get_page(). */
	struct page *(*gfn_get_page)(struct domain *d, gfn_t gfn,
				     enum gfn_access access, int *rc);
	/* PHYSDEVOP_set_iopl, _set_iobitmap: @bitmap is the caller's virtual
	 * address, 0: none. NULL where the kind of guest has no such thing.
	 * 0; -EINVAL out of range. */
	int (*set_iopl)(struct vcpu *v, unsigned int iopl);
	int (*set_iobitmap)(struct vcpu *v, uint64_t bitmap,
			    unsigned int nr_ports);
	/* VCPUOP_send_nmi, the watchdog. */
	void (*send_nmi)(struct vcpu *v);
	/* An event is pending for @v: make it see so soon. */
	void (*event_kick)(struct vcpu *v);
	/* Is there an event or NMI for it, which it would take now? Current
	 * only: it does not block then. */
	bool (*has_pending)(const struct vcpu *v);
	/* Allows to call (a PV guest's kernel, not its user mode). */
	bool (*may_hypercall)(const struct vcpu *v);
};

/* ---- guest memory: the only way to it ---- */
/*
 * A guest pointer is a number; guest_ptr() takes it out of an ABI handle.
 * All copies are for current. They return the bytes NOT copied, as the
 * address may end in the middle; handlers turn that into -EFAULT.
 */
typedef struct {
	unsigned long va;
} guest_ptr_t;

#define guest_ptr(handle) ((guest_ptr_t){ (unsigned long)(handle).p })
#define GUEST_PTR(addr)	((guest_ptr_t){ (addr) })

static inline guest_ptr_t guest_ptr_add(guest_ptr_t p, size_t bytes)
{
	return (guest_ptr_t){ p.va + bytes };
}

static inline bool guest_ptr_null(guest_ptr_t p)
{
	return p.va == 0;
}

size_t copy_from_guest(void *dst, guest_ptr_t src, size_t len) __must_check;
size_t copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
	__must_check;

/**
 * copy_elements_from_guest() - read of an array what can be read
 * @dst:  where to
 * @src:  guest virtual address of the first element
 * @size: bytes of each
 * @nr:   how many are wanted, at least one
 *
 * What runs into our slots is refused as a whole: its first one is tried alone.
 *
 * Return: how many were read, from the first on.
 */
static inline unsigned int copy_elements_from_guest(void *dst, guest_ptr_t src,
						    size_t size,
						    unsigned int nr)
{
	size_t left = copy_from_guest(dst, src, nr * size);

	if (likely(!left))
		return nr;
	if (left == nr * size) {
		nr = 1;
		left = copy_from_guest(dst, src, size);
	}
	return nr - (unsigned int)DIV_ROUND_UP(left, size);
}

/* False: in our slots, or not canonical. It may still not be mapped. */
bool guest_ptr_ok(guest_ptr_t p, size_t len);
size_t clear_guest(guest_ptr_t dst, size_t len) __must_check;
size_t copy_to_guest_kernel(guest_ptr_t dst, const void *src, size_t len)
	__must_check;

/*
 * The frame behind a guest's frame number, with a general reference and, for
 * GFN_WRITE, a writable type reference; NULL and *rc on error: -EINVAL no such
 * frame, -EPERM not the domain's own or of the wrong type. Released by
 * gfn_put_page() with the same @access.
 */
struct page *gfn_get_page(struct domain *d, gfn_t gfn, enum gfn_access access,
			  int *rc);
void gfn_put_page(struct page *pg, enum gfn_access access);

/* ---- long calls ---- */
/* Should a long operation stop here? (Pending work; in the debug build also
 * on each n-th question, "preempt-debug=n".) */
bool hypercall_preempt_check(void);
/* No result of any call: neither an errno nor a canonical address, such as the
 * value of a debug register, which the guest chooses. */
#define HYPERCALL_CONTINUED 0x4000000000000001L
/*
 * Arranges that current's call is entered again with these arguments, and
 * returns the value that the handler must return. Each argument is passed as an
 * unsigned long; arguments not named keep their value. Works inside a
 * multicall too.
 */
long hypercall_continue(unsigned int nr, unsigned int nr_args, ...);

/* ---- what guests see of CPUID and MSRs (domain/cpuid.c, domain/msr.c) ---- */
struct cpuid_regs;
/*
 * CPUID as @v sees it: an allow-list over the host's leaves, the hypervisor's
 * leaves at 0x40000000, OSXSAVE and leaf 0xD by the vCPU's state. Current only.
 */
void guest_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
		 struct cpuid_regs *out);
/* What all vCPUs of @d see of the processor's leaves; NULL: any guest. */
void domain_cpuid(const struct domain *d, uint32_t leaf, uint32_t subleaf,
		  struct cpuid_regs *out);
bool cpuid_has_subleaves(uint32_t leaf);
/* Where the words of features are: d->cpuid_denied takes bits of them away. */
struct cpuid_word {
	uint32_t leaf, subleaf;
	unsigned int reg;		/* 0 to 3: EAX to EDX */
};
extern const struct cpuid_word cpuid_words[CPUID_WORDS];
uint32_t *cpuid_word_of(struct cpuid_regs *r, unsigned int i);
/* MSRs that do not depend on the kind of guest. 0: *val read (written);
 * -EACCES: the guest gets #GP. */
int guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val);
int guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val);

/* ---- tables of sub-operations ---- */
#define OP_IN		0x01	/* copy the argument in */
#define OP_OUT		0x02	/* copy it back when the result is >= 0 */
#define OP_INOUT	(OP_IN | OP_OUT)
#define OP_DOM0		0x04	/* the control domain only, else -EPERM */
#define OP_OUT_ALWAYS	0x08	/* copy back on errors too */
#define OP_RAW		0x10	/* handler gets the guest pointer itself */
#define OP_REFUSED	0x20	/* there is no handler */

#define OP_MAX_ARG	512	/* largest argument */

/*
 * One row per sub-operation. Exactly one of fn, raw, errno_none is set.
 * Docs (docs/abi.md) are made from these rows: keep one per line, made by
 * OP(), OP_RAWFN() or OP_NONE().
 */
struct op {
	uint32_t nr;
	uint16_t size;
	uint16_t flags;
	int errno_none;		/* positive: refused with this */
	const char *name;
	const char *note;	/* why refused, or in part */
	/* @v: the caller; @arg: private copy. */
	long (*fn)(struct vcpu *v, void *arg);
	long (*raw)(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
		    unsigned long extra);
};

#define OP(num, func, type, fl)                                               \
	{ .nr = (num), .size = sizeof(type), .flags = (fl), .name = #num,     \
	  .fn = (func) }
#define OP_RAWFN(num, func, fl)                                               \
	{ .nr = (num), .flags = (fl) | OP_RAW, .name = #num, .raw = (func) }
#define OP_NONE(num, err, why)                                                \
	{ .nr = (num), .flags = OP_REFUSED, .name = #num, .errno_none = (err),\
	  .note = (why) }

struct op_table {
	const char *name;
	const struct op *ops;
	unsigned int nr_ops;	/* in the order of their numbers, if that can be */
	int unknown;		/* errno of a number in no row, positive */
};

/* The row of @nr; NULL: there is none. */
const struct op *op_find(const struct op_table *t, unsigned int nr);
/* For op_dispatch(): an operation that there is, with a copy of its argument;
 * and one that is to be searched for, or that not everybody has. */
long op_call(const struct op *op, struct vcpu *v, guest_ptr_t arg);
long op_search(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
	       unsigned long extra, const struct op_table *t);

static inline long op_run(const struct op *op, struct vcpu *v, unsigned int nr,
			  guest_ptr_t arg, unsigned long extra)
{
	if (op->raw)
		return op->raw(v, nr, arg, extra);
	return op_call(op, v, arg);
}

/**
 * op_dispatch() - carry out one sub-operation
 * @v:     the caller, current
 * @nr:    the sub-operation's number
 * @arg:   guest pointer to its argument
 * @extra: handed to OP_RAWFN handlers (a count, a second argument)
 * @t:     the call's table
 *
 * Look-up, permission, copy-in, call, copy-out: once, here. Where the rows lie
 * in the order of their numbers there is nothing to search.
 *
 * Context: no locks. The handler says what it takes.
 * Return: the handler's result; -EPERM: not for this domain; -EFAULT: the
 *         argument cannot be read or written; the row's errno if the
 *         operation is not there, the table's if no row has its number.
 */
static inline long op_dispatch(struct vcpu *v, unsigned int nr, guest_ptr_t arg,
			       unsigned long extra, const struct op_table *t)
{
	const struct op *op;

	if (unlikely(nr >= t->nr_ops))
		return op_search(v, nr, arg, extra, t);
	op = &t->ops[nr];
	if (unlikely(op->nr != nr || (op->flags & (OP_DOM0 | OP_REFUSED))))
		return op_search(v, nr, arg, extra, t);
	return op_run(op, v, nr, arg, extra);
}

#endif
