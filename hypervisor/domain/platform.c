/* SPDX-License-Identifier: MIT */
/*
 * platform.c - platform_op: Dom0 asks and tells about the machine
 *
 * The argument is one structure: command, interface version, and a union from
 * which each operation copies its own part. What is not there answers with an
 * errno that says so; Linux takes each of them for "not supported".
 *
 * Locks: none of its own.
 */
#include <lodge/hypercall.h>

#include <lodge/acpi.h>
#include <lodge/boot.h>
#include <lodge/cpu.h>
#include <lodge/errno.h>
#include <lodge/lib.h>
#include <lodge/smp.h>
#include <lodge/symbols.h>
#include <xen/platform.h>

_Static_assert(offsetof(struct xen_platform_op, u) == 8, "platform.h");
_Static_assert(sizeof(((struct xen_platform_op *)0)->u) == 128, "platform.h");

/* ---- time ---- */

static long set_time(uint64_t sec, uint32_t nsec, uint64_t stime_ns)
{
	if (nsec >= NS_PER_SEC)
		return -EINVAL;
	wallclock_set(sec, nsec, stime_ns);
	return 0;
}

static long op_settime32(struct vcpu *v, void *arg)
{
	const struct xenpf_settime32 *t = arg;

	return set_time(t->secs, t->nsecs, t->system_time);
}

static long op_settime64(struct vcpu *v, void *arg)
{
	const struct xenpf_settime64 *t = arg;

	return t->mbz ? -EINVAL : set_time(t->secs, t->nsecs, t->system_time);
}

/* ---- memory types ---- */

#define CPUID_1_EDX_MTRR	(1U << 12)
#define MSR_MTRR_CAP		0xfe
#define MTRR_CAP_COUNT(c)	((unsigned int)((c) & 0xff))
#define MSR_MTRR_BASE(n)	(0x200 + 2 * (n))
#define MSR_MTRR_MASK(n)	(0x201 + 2 * (n))
#define MTRR_TYPE(base)		((uint32_t)((base) & 0xff))
#define MTRR_VALID		0x800UL

/* SDM 3A, 12.11: the range is that of the lowest bit in the mask. */
static long op_read_memtype(struct vcpu *v, void *arg)
{
	struct xenpf_read_memtype *op = arg;
	uint64_t cap, base, mask, width = BIT(cpu_features.phys_bits) - 1;

	if (!(cpuid_count(1, 0).d & CPUID_1_EDX_MTRR) ||
	    rdmsr_safe(MSR_MTRR_CAP, &cap))
		return -EOPNOTSUPP;
	if (op->reg >= MTRR_CAP_COUNT(cap))
		return -EINVAL;
	if (rdmsr_safe(MSR_MTRR_BASE(op->reg), &base) ||
	    rdmsr_safe(MSR_MTRR_MASK(op->reg), &mask))
		return -EOPNOTSUPP;
	op->mfn = op->nr_mfns = op->type = 0;
	if (!(mask & MTRR_VALID))
		return 0;
	op->mfn = (base & width) >> PAGE_SHIFT;
	op->nr_mfns = ((~mask & width) | (PAGE_SIZE - 1)) / PAGE_SIZE + 1;
	op->type = MTRR_TYPE(base);
	return 0;
}

/* ---- processors ---- */

static uint32_t acpi_id_of(uint32_t apic_id)
{
	unsigned int i;

	for (i = 0; i < acpi_info.nr_cpus; i++)
		if (acpi_info.cpus[i].apic_id == apic_id)
			return acpi_info.cpus[i].acpi_id;
	return ~0U;
}

static long op_get_cpuinfo(struct vcpu *v, void *arg)
{
	struct xenpf_pcpuinfo *op = arg;
	unsigned int cpu = op->xen_cpuid;

	op->max_present = nr_cpus_present - 1;
	op->apic_id = op->acpi_id = ~0U;
	op->flags = XEN_PCPU_FLAGS_INVALID;
	if (cpu >= NR_CPUS || !cpumask_test(&cpu_present_map, cpu))
		return 0;
	op->flags = cpumask_test(&cpu_online_map, cpu) ? XEN_PCPU_FLAGS_ONLINE :
							 0;
	op->apic_id = cpu_apic_id(cpu);
	op->acpi_id = acpi_id_of(op->apic_id);
	return 0;
}

/* All processors are of the boot processor's kind. */
static long op_get_cpu_version(struct vcpu *v, void *arg)
{
	struct xenpf_pcpu_version *op = arg;
	unsigned int cpu = op->xen_cpuid;

	op->max_present = nr_cpus_present - 1;
	memset(op->vendor_id, 0, sizeof(op->vendor_id));
	op->family = op->model = op->stepping = 0;
	if (cpu >= NR_CPUS || !cpumask_test(&cpu_online_map, cpu))
		return 0;
	memcpy(op->vendor_id, cpu_features.vendor, sizeof(op->vendor_id));
	op->family = cpu_features.family;
	op->model = cpu_features.model;
	op->stepping = cpu_features.stepping;
	return 0;
}

/* No hot-plug: what runs runs on. */
static long op_cpu_online(struct vcpu *v, void *arg)
{
	unsigned int cpu = ((const struct xenpf_cpu_ol *)arg)->cpuid;

	if (cpu >= NR_CPUS || !cpumask_test(&cpu_present_map, cpu))
		return -EINVAL;
	return cpumask_test(&cpu_online_map, cpu) ? 0 : -EOPNOTSUPP;
}

static long op_cpu_offline(struct vcpu *v, void *arg)
{
	unsigned int cpu = ((const struct xenpf_cpu_ol *)arg)->cpuid;

	if (cpu >= NR_CPUS || !cpumask_test(&cpu_present_map, cpu))
		return -EINVAL;
	return cpumask_test(&cpu_online_map, cpu) ? -EOPNOTSUPP : 0;
}

/* ---- firmware, power ---- */

/* The BIOS data area, which stays as the BIOS left it. */
#define BDA_BASE_MEMORY_KB	0x413	/* 16 bits; 512 to 640 on a BIOS */
#define BDA_KBD_SHIFT_FLAGS	0x417	/* what int 16h, function 2 returns */

static long kbd_shift_flags(uint8_t *flags)
{
	const uint8_t *page0 = mfn_to_virt(MFN(0));
	unsigned int kb;

	if (!mfn_valid(MFN(0)))
		return -ESRCH;
	kb = page0[BDA_BASE_MEMORY_KB] |
	     (unsigned int)page0[BDA_BASE_MEMORY_KB + 1] << 8;
	if (kb < 512 || kb > 640)
		return -ESRCH;
	*flags = page0[BDA_KBD_SHIFT_FLAGS];
	return 0;
}

/*
 * No BIOS tables of disks and displays were gathered: those lists of records
 * are empty. There are no EFI services.
 */
static long op_firmware_info(struct vcpu *v, void *arg)
{
	struct xenpf_firmware_info *op = arg;

	switch (op->type) {
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		return -ESRCH;
	case XEN_FW_KBD_SHIFT_FLAGS:
		return kbd_shift_flags(&op->u.kbd_shift_flags);
	case XEN_FW_EFI_INFO:
		return -ENOSYS;
	default:
		return -EINVAL;
	}
}

static long op_enter_acpi_sleep(struct vcpu *v, void *arg)
{
	const struct xenpf_enter_acpi_sleep *op = arg;

	if (op->flags & ~XENPF_ACPI_SLEEP_EXTENDED)
		return -EINVAL;
	/* Sleep control registers of hardware-reduced ACPI. */
	if (op->flags & XENPF_ACPI_SLEEP_EXTENDED)
		return -EOPNOTSUPP;
	return acpi_enter_sleep(op->sleep_state, op->val_a, op->val_b);
}

/* ---- power states of processors ---- */

/*
 * ACPI's _PDC buffer: revision, number of words, words of capabilities, of
 * which Intel has given meaning to the first.
 */
#define PDC_REVISION	1

/*
 * Which of these capabilities are left, before Dom0 tells firmware of them?
 * None: all are about C-, P- and T-states. We leave those to firmware, and
 * Dom0 has none of the registers.
 */
static long limit_pdc(guest_ptr_t pdc)
{
	uint32_t head[2], capabilities = 0;

	if (copy_from_guest(head, pdc, sizeof(head)))
		return -EFAULT;
	if (head[0] != PDC_REVISION || !head[1])
		return -EINVAL;
	if (copy_to_guest(guest_ptr_add(pdc, sizeof(head)), &capabilities,
			  sizeof(capabilities)))
		return -EFAULT;
	return 0;
}

static long op_set_processor_pminfo(struct vcpu *v, void *arg)
{
	const struct xenpf_set_processor_pminfo *op = arg;

	switch (op->type) {
	case XEN_PM_PDC:
		return limit_pdc(guest_ptr(op->u.pdc));
	case XEN_PM_CX:
	case XEN_PM_PX:
	case XEN_PM_TX:
		return -ENOSYS;
	default:
		return -EINVAL;
	}
}

/* ---- symbols ---- */

/* Copies as much as fits, terminated; namelen becomes the whole length. */
static long put_name(struct xenpf_symdata *op, const char *name)
{
	size_t len = strlen(name), fits = min((size_t)op->namelen, len + 1);

	op->namelen = (uint32_t)len;
	if (fits && copy_to_guest(guest_ptr(op->name), name, fits))
		return -EFAULT;
	return 0;
}

static long op_get_symbol(struct vcpu *v, void *arg)
{
	struct xenpf_symdata *op = arg;
	const struct symbol *s;

	if (op->symnum > symtab_count)
		return -EINVAL;
	if (op->symnum == symtab_count)
		return 0;	/* symnum stays: that was all */
	s = &symtab[op->symnum++];
	op->address = (unsigned long)image_start + s->offset;
	op->type = 'T';
	return put_name(op, symtab_names + s->name);
}

#define DOM0_IN		(OP_DOM0 | OP_IN)
#define DOM0_INOUT	(OP_DOM0 | OP_INOUT)

/* clang-format off */
static const struct op platform_ops[] = {
	OP(XENPF_settime32, op_settime32, struct xenpf_settime32, DOM0_IN),
	OP(XENPF_settime64, op_settime64, struct xenpf_settime64, DOM0_IN),
	OP_NONE(XENPF_add_memtype, EOPNOTSUPP, "MTRRs stay as firmware left them; guests use the PAT"),
	OP_NONE(XENPF_del_memtype, EOPNOTSUPP, "MTRRs stay as firmware left them"),
	OP(XENPF_read_memtype, op_read_memtype, struct xenpf_read_memtype, DOM0_INOUT),
	OP_NONE(XENPF_microcode_update, ENOSYS, "microcode is the firmware's"),
	OP_NONE(XENPF_platform_quirk, ENOSYS, "no chipset quirks are known"),
	OP_NONE(XENPF_efi_runtime_call, ENOSYS, "no EFI runtime services"),
	OP(XENPF_firmware_info, op_firmware_info, struct xenpf_firmware_info, DOM0_INOUT),
	OP(XENPF_enter_acpi_sleep, op_enter_acpi_sleep, struct xenpf_enter_acpi_sleep, DOM0_IN),
	OP_NONE(XENPF_change_freq, ENOSYS, "the frequency is the firmware's"),
	OP_NONE(XENPF_getidletime, ENOSYS, "no per-processor idle times for Dom0's frequency governor"),
	OP(XENPF_set_processor_pminfo, op_set_processor_pminfo, struct xenpf_set_processor_pminfo, DOM0_IN),
	OP(XENPF_get_cpuinfo, op_get_cpuinfo, struct xenpf_pcpuinfo, DOM0_INOUT),
	OP(XENPF_get_cpu_version, op_get_cpu_version, struct xenpf_pcpu_version, DOM0_INOUT),
	OP(XENPF_cpu_online, op_cpu_online, struct xenpf_cpu_ol, DOM0_IN),
	OP(XENPF_cpu_offline, op_cpu_offline, struct xenpf_cpu_ol, DOM0_IN),
	OP_NONE(XENPF_cpu_hotadd, EOPNOTSUPP, "no hot-plug of processors"),
	OP_NONE(XENPF_mem_hotadd, EOPNOTSUPP, "no hot-plug of memory"),
	OP_NONE(XENPF_core_parking, ENOSYS, "no parking of processors"),
	OP_NONE(XENPF_resource_op, ENOSYS, "no resource monitoring"),
	OP(XENPF_get_symbol, op_get_symbol, struct xenpf_symdata, DOM0_INOUT),
};
/* clang-format on */

const struct op_table platform_table = {
	.name = "platform_op",
	.ops = platform_ops,
	.nr_ops = ARRAY_SIZE(platform_ops),
	.unknown = ENOSYS,
};

/**
 * hypercall_platform_op() - HYPERVISOR_platform_op(op)
 *
 * Return: as the operation; -EPERM not the control domain; -EACCES another
 *         interface version; -ENOSYS no such operation; -EFAULT @op cannot be
 *         reached.
 */
long hypercall_platform_op(struct vcpu *v, const struct call_args *a)
{
	guest_ptr_t op = GUEST_PTR(a->arg0);
	uint32_t head[2];	/* cmd, interface_version */

	if (!v->domain->privileged)
		return -EPERM;
	if (copy_from_guest(head, op, sizeof(head)))
		return -EFAULT;
	if (head[1] != XENPF_INTERFACE_VERSION)
		return -EACCES;
	return op_dispatch(v, head[0],
			   guest_ptr_add(op, offsetof(struct xen_platform_op, u)),
			   0, &platform_table);
}
