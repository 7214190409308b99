/* SPDX-License-Identifier: MIT */
/*
 * types.h - scalars that refuse to be mixed up, and the usual small macros
 *
 * A machine frame, a guest frame and a physical address are distinct types:
 * handing one to a function that wants another does not compile.
 */
#ifndef LODGE_TYPES_H
#define LODGE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_OFFSET(a)	((unsigned long)(a) & (PAGE_SIZE - 1))

typedef struct {
	uint64_t x;
} mfn_t;		/* machine frame number */

typedef struct {
	uint64_t x;
} gfn_t;		/* guest frame number; for PV guests equal to the mfn */

typedef struct {
	uint64_t x;
} paddr_t;		/* machine physical address, in bytes */

#define MFN(n)		((mfn_t){ (n) })
#define GFN(n)		((gfn_t){ (n) })
#define PADDR(a)	((paddr_t){ (a) })
#define INVALID_MFN	MFN(~0UL)
#define INVALID_GFN	GFN(~0UL)

static inline uint64_t mfn_x(mfn_t m)
{
	return m.x;
}

static inline uint64_t gfn_x(gfn_t g)
{
	return g.x;
}

static inline uint64_t paddr_x(paddr_t p)
{
	return p.x;
}

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
	return a.x == b.x;
}

static inline mfn_t mfn_add(mfn_t m, uint64_t n)
{
	return MFN(m.x + n);
}

static inline paddr_t mfn_to_paddr(mfn_t m)
{
	return PADDR(m.x << PAGE_SHIFT);
}

static inline mfn_t paddr_to_mfn(paddr_t p)
{
	return MFN(p.x >> PAGE_SHIFT);
}

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1UL << (n))
#define ALIGN_UP(x, a)	(((x) + (a) - 1) & ~((typeof(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((typeof(x))(a) - 1))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

#define min(a, b)                                                             \
	({                                                                    \
		typeof(a) _min_a = (a);                                       \
		typeof(b) _min_b = (b);                                       \
		_min_a < _min_b ? _min_a : _min_b;                            \
	})
#define max(a, b)                                                             \
	({                                                                    \
		typeof(a) _max_a = (a);                                       \
		typeof(b) _max_b = (b);                                       \
		_max_a > _max_b ? _max_a : _max_b;                            \
	})
#define swap(a, b)                                                            \
	do {                                                                  \
		typeof(a) _swap = (a);                                        \
		(a) = (b);                                                    \
		(b) = _swap;                                                  \
	} while (0)

#define container_of(ptr, type, member)                                       \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))
#define __noinline	__attribute__((noinline))
#define __forceinline	inline __attribute__((always_inline))
#define __noreturn	__attribute__((noreturn))
#define __must_check	__attribute__((warn_unused_result))
#define __noinline	__attribute__((noinline))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __section(s)	__attribute__((section(s)))
#define __used		__attribute__((used))
/* Code and data that are gone once Dom0 runs. */
#define __init		__section(".init.text") __attribute__((cold))
#define __initdata	__section(".init.data")

/* Compiler barrier; and single, untorn accesses to shared memory. */
#define barrier()	__asm__ volatile("" ::: "memory")
#define READ_ONCE(x)	(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))

#endif
