/* SPDX-License-Identifier: MIT */
/*
 * count.c - how many instructions the hypervisor executes: a plugin for QEMU
 *
 *	-plugin count.so,out=FILE[,from=ADDRESS,to=ADDRESS]
 *
 * Two ways to measure, a line of FILE for each measurement:
 *
 *   marks    Guest code stands between two no-operations with a displacement
 *            that nobody else uses (MARK_BEGIN, MARK_END; they work in user
 *            mode too). The line is "marks N": N instructions were executed
 *            meanwhile at the addresses that the ABI reserves for the
 *            hypervisor, whichever it is.
 *   from, to The first time the instruction at "from" is executed starts the
 *            measurement, then the first at "to" ends it: "range N REP", all
 *            instructions between; REP of them are iterations of repeated
 *            string instructions, each of which QEMU counts as one.
 *
 * The interface of plugins is QEMU's, described in its manual; the few
 * functions are declared here, as Debian has no header for them. PLUGIN_API is
 * the version of the interface: 1 for QEMU 7.2, 4 for QEMU 10. Machines with
 * one CPU only: there are no locks.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* Slots 256 to 271 of the top table. */
#define HYPERVISOR_START 0xffff800000000000UL
#define HYPERVISOR_END	 0xffff880000000000UL

#define MARK_LENGTH 7
#define MARK_BEGIN     \
	"\x0f\x1f\x80" \
	"GEBL"
#define MARK_END       \
	"\x0f\x1f\x80" \
	"DNEL"

/* ---- QEMU's interface ---- */

struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { CB_NO_REGS };
enum { INLINE_ADD };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*fn)(unsigned int cpu,
						       void *data),
					    int flags, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(
	uint64_t id, void (*fn)(uint64_t id, struct qemu_plugin_tb *tb));

EXPORT extern int qemu_plugin_version;
int qemu_plugin_version = PLUGIN_API;

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc,
			       char **argv);

#if PLUGIN_API >= 3
struct qemu_plugin_scoreboard;

typedef struct {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
} counter_t;

size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest,
			     size_t length);
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t bytes);
uint64_t qemu_plugin_u64_sum(counter_t counter);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
	struct qemu_plugin_insn *insn, int op, counter_t counter,
	uint64_t value);

static void insn_bytes(const struct qemu_plugin_insn *insn, void *dest,
		       size_t length)
{
	qemu_plugin_insn_data(insn, dest, length);
}

static counter_t counter_new(void)
{
	return (counter_t){qemu_plugin_scoreboard_new(sizeof(uint64_t)), 0};
}

static uint64_t counter_read(counter_t counter)
{
	return qemu_plugin_u64_sum(counter);
}

static void add_one(struct qemu_plugin_insn *insn, counter_t counter)
{
	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, INLINE_ADD,
							    counter, 1);
}
#else
typedef uint64_t *counter_t;

const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
						int op, void *counter,
						uint64_t value);

static void insn_bytes(const struct qemu_plugin_insn *insn, void *dest,
		       size_t length)
{
	memcpy(dest, qemu_plugin_insn_data(insn), length);
}

static counter_t counter_new(void)
{
	return calloc(1, sizeof(uint64_t));
}

static uint64_t counter_read(counter_t counter)
{
	return *counter;
}

static void add_one(struct qemu_plugin_insn *insn, counter_t counter)
{
	qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD, counter,
						   1);
}
#endif

/* ---- what is counted ---- */

static FILE *out;
static uint64_t from, to; /* 0: marks */
static counter_t count, repeated;
static uint64_t count_before, repeated_before;
static bool running, done;

static void begin(unsigned int cpu, void *data)
{
	count_before = counter_read(count);
	repeated_before = counter_read(repeated);
	running = true;
}

static void mark_end(unsigned int cpu, void *data)
{
	if (running)
		fprintf(out, "marks %" PRIu64 "\n",
			counter_read(count) - count_before);
	running = false;
}

static void range_begin(unsigned int cpu, void *data)
{
	if (!done)
		begin(cpu, data);
}

static void range_end(unsigned int cpu, void *data)
{
	if (running)
		fprintf(out, "range %" PRIu64 " %" PRIu64 "\n",
			counter_read(count) - count_before,
			counter_read(repeated) - repeated_before);
	running = false;
	done = true;
}

/* ---- translation: who is told of what ---- */

static void tell(struct qemu_plugin_insn *insn,
		 void (*fn)(unsigned int cpu, void *data))
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, fn, CB_NO_REGS, NULL);
}

/* A string instruction behind F2 or F3, operand size and REX allowed. */
static bool is_repeated(const struct qemu_plugin_insn *insn)
{
	unsigned char bytes[16] = {0};
	size_t n = qemu_plugin_insn_size(insn), i = 0;

	if (n < 2 || n > 5)
		return false;
	insn_bytes(insn, bytes, n);
	for (; bytes[i] == 0x66 || bytes[i] == 0xf2 || bytes[i] == 0xf3; i++)
		;
	if (!i || (i == 1 && bytes[0] == 0x66))
		return false;
	i += (bytes[i] & 0xf0) == 0x40;
	return i == n - 1 && ((bytes[i] >= 0xa4 && bytes[i] <= 0xa7) ||
			      (bytes[i] >= 0xaa && bytes[i] <= 0xaf));
}

static void watch_range(struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);

	if (address == from)
		tell(insn, range_begin);
	if (address == to)
		tell(insn, range_end);
	add_one(insn, count);
	if (is_repeated(insn))
		add_one(insn, repeated);
}

static void watch_marks(struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);
	char bytes[MARK_LENGTH];

	if (address >= HYPERVISOR_START && address < HYPERVISOR_END)
		add_one(insn, count);
	if (qemu_plugin_insn_size(insn) != MARK_LENGTH)
		return;
	insn_bytes(insn, bytes, MARK_LENGTH);
	if (!memcmp(bytes, MARK_BEGIN, MARK_LENGTH))
		tell(insn, begin);
	if (!memcmp(bytes, MARK_END, MARK_LENGTH))
		tell(insn, mark_end);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (to)
			watch_range(insn);
		else
			watch_marks(insn);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "from=", 5))
			from = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "to=", 3))
			to = strtoull(argv[i] + 3, NULL, 0);
		else
			return -1;
	}
	if (!out || !from != !to)
		return -1;
	setvbuf(out, NULL, _IOLBF, 0);
	count = counter_new();
	repeated = counter_new();
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
