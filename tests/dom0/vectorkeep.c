/* SPDX-License-Identifier: MIT */
/*
 * vectorkeep.c - do vector registers keep their values while others run?
 *
 *   vectorkeep PROCESSES ROUNDS
 *
 * Each process fills all vector registers (AVX-512's, mask registers among
 * them, or AVX's) with values of its own, then computes and yields ROUNDS
 * times, and compares. More processes than virtual processors make the kernel
 * switch register states, more virtual processors than real ones the
 * hypervisor. Prints what was used; the exit status is 0 if nothing was lost.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_REGS		32
#define REG_BYTES	64
#define NR_MASKS	8
#define SPINS		200000

struct vectors {
	uint8_t regs[NR_REGS][REG_BYTES];
	uint16_t masks[NR_MASKS];
} __attribute__((aligned(64)));

/* The same system call again and again, all in registers: 24 is sched_yield */
#define COMPUTE_AND_YIELD			\
	"1: mov %[spins], %%ecx\n"		\
	"2: dec %%ecx\n"			\
	"jnz 2b\n"				\
	"mov $24, %%eax\n"			\
	"syscall\n"				\
	"dec %[rounds]\n"			\
	"jnz 1b\n"

#define CLOBBERS						\
	"rax", "rcx", "r11", "memory", "cc", "xmm0", "xmm1",	\
	"xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",	\
	"xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

static void keep_avx512(const struct vectors *in, struct vectors *out,
			long rounds)
{
	__asm__ volatile(
		".irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,"
		"20,21,22,23,24,25,26,27,28,29,30,31\n"
		"vmovdqu64 64*\\r(%[in]), %%zmm\\r\n"
		".endr\n"
		".irp r, 0,1,2,3,4,5,6,7\n"
		"kmovw 64*32+2*\\r(%[in]), %%k\\r\n"
		".endr\n"
		COMPUTE_AND_YIELD
		".irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,"
		"20,21,22,23,24,25,26,27,28,29,30,31\n"
		"vmovdqu64 %%zmm\\r, 64*\\r(%[out])\n"
		".endr\n"
		".irp r, 0,1,2,3,4,5,6,7\n"
		"kmovw %%k\\r, 64*32+2*\\r(%[out])\n"
		".endr\n"
		"vzeroupper\n"
		: [rounds] "+r"(rounds)
		: [in] "r"(in), [out] "r"(out), [spins] "i"(SPINS)
		: CLOBBERS);
}

static void keep_avx(const struct vectors *in, struct vectors *out,
		     long rounds)
{
	*out = *in;
	__asm__ volatile(
		".irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
		"vmovdqu 64*\\r(%[in]), %%ymm\\r\n"
		".endr\n"
		COMPUTE_AND_YIELD
		".irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
		"vmovdqu %%ymm\\r, 64*\\r(%[out])\n"
		".endr\n"
		"vzeroupper\n"
		: [rounds] "+r"(rounds)
		: [in] "r"(in), [out] "r"(out), [spins] "i"(SPINS)
		: CLOBBERS);
}

static const struct {
	const char *name;
	void (*keep)(const struct vectors *in, struct vectors *out,
		     long rounds);
} kinds[] = {
	{ "avx512f", keep_avx512 },
	{ "avx", keep_avx },
};

/* No two registers, and no two processes, have the same values. */
static void fill(struct vectors *v, int process)
{
	uint8_t *bytes = (uint8_t *)v;
	uint32_t x = 0x9e3779b9u * (uint32_t)(process + 1);
	size_t i;

	for (i = 0; i < sizeof(*v); i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(x >> 24);
	}
}

static int child(unsigned int kind, int process, long rounds)
{
	static struct vectors in, out;
	unsigned int r;
	int changed = 0;

	fill(&in, process);
	kinds[kind].keep(&in, &out, rounds);
	for (r = 0; r < NR_REGS; r++) {
		if (!memcmp(in.regs[r], out.regs[r], REG_BYTES))
			continue;
		printf("process %d: register %u changed\n", process, r);
		changed = 1;
	}
	if (memcmp(in.masks, out.masks, sizeof(in.masks))) {
		printf("process %d: a mask register changed\n", process);
		changed = 1;
	}
	return changed;
}

static int run(unsigned int kind, int processes, long rounds)
{
	int i, status, bad = 0;
	pid_t pid;

	fflush(stdout);
	for (i = 0; i < processes; i++) {
		pid = fork();
		if (pid < 0) {
			perror("fork");
			return 1;
		}
		if (pid == 0)
			exit(child(kind, i, rounds));
	}
	while (wait(&status) > 0)
		bad |= status;
	return bad != 0;
}

int main(int argc, char **argv)
{
	unsigned int kind;

	if (argc != 3 || atoi(argv[1]) < 1 || atol(argv[2]) < 1) {
		fprintf(stderr, "usage: vectorkeep PROCESSES ROUNDS\n");
		return 2;
	}
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f"))
		kind = 0;
	else if (__builtin_cpu_supports("avx"))
		kind = 1;
	else {
		fprintf(stderr, "vectorkeep: the processor has no AVX\n");
		return 2;
	}
	printf("%s\n", kinds[kind].name);
	return run(kind, atoi(argv[1]), atol(argv[2]));
}
