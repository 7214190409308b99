/* SPDX-License-Identifier: MIT */
/*
 * trap.h - exceptions: the table, catching them, leaving by iret
 *
 * Each vCPU remembers the last entry it took. An exception of the kernel
 * goes to the vector's hook if there is one, else to the innermost
 * TRAP_CATCH, else it ends the test as a failure. An exception of user mode
 * ends user_run().
 */
#ifndef GUESTKIT_TRAP_H
#define GUESTKIT_TRAP_H

#include <guestkit/entry.h>
#include <guestkit/vcpu.h>

enum vector {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_TS = 10,
	VECTOR_NP = 11,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MF = 16,
	VECTOR_AC = 17,
	VECTOR_XM = 19,
};

#define NO_TRAP (-1)

/* Page-fault error code bits. */
#define PF_PRESENT  0x1
#define PF_WRITE    0x2
#define PF_USER	    0x4
#define PF_RESERVED 0x8
#define PF_FETCH    0x10

/* The last entry on this vCPU. */
struct trap *last_trap(void);

/*
 * Run the statements; the value is the vector that ended them or NO_TRAP.
 * Nests; the statements may not leave the block by return, break or goto.
 */
#define TRAP_CATCH(...)                                                  \
	({                                                               \
		struct jump jump_;                                       \
		struct jump *volatile outer_ = trap_catch_begin(&jump_); \
		volatile int vector_ = NO_TRAP;                          \
		if (!jump_save(&jump_)) {                                \
			__VA_ARGS__;                                     \
		} else {                                                 \
			vector_ = last_trap()->vector;                   \
		}                                                        \
		trap_catch_end(outer_);                                  \
		vector_;                                                 \
	})

struct jump *trap_catch_begin(struct jump *jump);
void trap_catch_end(struct jump *outer);
int jump_save(struct jump *jump) __attribute__((returns_twice));
/* Leave the handler: on return from it jump_save() gives @value. */
void jump_back(struct cpu_user_regs *regs, const struct jump *jump, int value);

/* Return false to have the exception treated as if there were no hook. */
typedef bool trap_hook_t(struct cpu_user_regs *regs);

/* For all vCPUs; NULL takes it away. @entry: vector or ENTRY_*. */
void trap_hook(unsigned int entry, trap_hook_t *hook);

/**
 * trap_table_entry() - the kit's table entry for @vector
 *
 * DPL is 3 for 3 and 4, else 0; events stay as they are.
 */
struct trap_info trap_table_entry(unsigned int vector);

/* Install the kit's table for all vectors below 32. Return: as the call. */
long trap_table_install(void);

/* Change one entry of this vCPU's table. */
long trap_table_set(const struct trap_info *entry);

/* Register the kit's entry for CALLBACKTYPE_*. Return: as the call. */
long callback_install(unsigned int type, unsigned int flags);

extern char trap_stubs[], event_entry[], nmi_entry[], failsafe_entry[];
extern char syscall_entry[], syscall32_entry[], sysenter_entry[];

/* ds, es, fs, gs as the last failsafe callback found them. */
extern uint64_t failsafe_selectors[4];

void __attribute__((noreturn)) iret_to(struct cpu_user_regs *regs);
void __attribute__((noreturn)) iret_frame(struct iret_context *frame);

#endif /* GUESTKIT_TRAP_H */
