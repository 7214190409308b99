/* SPDX-License-Identifier: MIT */
/*
 * machine.h - host tests: a machine to run hypervisor sources in
 *
 * machine.c has the state behind the fake headers, and the functions of the
 * lowest layers that end in hardware: printk(), panic(), bug(). A panic is a
 * failed assertion to cmocka: expect_assert_failure() may wait for one.
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <lodge/types.h>

/* Everything that was printed since fake_log_clear(), cut at its size. */
extern char fake_log[8192];
void fake_log_clear(void);
/* The sentence of the last panic or BUG. */
extern char fake_panic[256];

/*
 * memory.c: memory of @nr_frames frames from address 0 on, with frame table,
 * direct map and M2P, all frames but the first 256 given to the allocator. Once
 * in a program; it links mm/'s frame-table.c, buddy.c, m2p.c.
 */
void fake_memory_init(uint64_t nr_frames);

/* The allocator has only so many frames left, until it has all again. */
void fake_frames_leave(unsigned int nr);
void fake_frames_restore(void);

/* ipi.c: how many CPUs were interrupted so far. */
extern unsigned int fake_nr_ipis;

/* heap.c: kmalloc() and its like by the C library; how to make it fail. */
void fake_heap_fail_after(unsigned long n);
void fake_heap_fail_never(void);

/*
 * guest.c: copies to and from guests (addresses in the first page fault), and
 * continuations: how many this thread made, and the last one's arguments.
 */
extern bool fake_preempt, fake_copy_to_fails;
/* From there on nothing can be written; 0: anything. */
extern unsigned long fake_copy_to_end;
/* Not 0: 'should I stop?' is answered yes on each n-th question. */
extern unsigned int fake_preempt_every;
extern __thread unsigned int fake_nr_continued;
extern __thread unsigned long fake_continued_args[6];

#endif
