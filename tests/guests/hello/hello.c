/* SPDX-License-Identifier: MIT */
/*
 * hello - what a guest finds when it starts
 *
 * start_info, the pseudo-physical map and the machine's map the other way
 * round, the bootstrap page tables, and the console are all that a kernel
 * has in its first microseconds: every one of their fields is used by some
 * stock kernel. Both ways to call are tried: syscall and hypercall page.
 */
#include <guestkit/cpu.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define INIT_P2M 0xffffc90000000000UL

extern char guest_end[];
extern char hypercall_page[];

TEST(magic)
{
	CHECK_EQ(memcmp(start_info->magic, "xen-3.0-x86_64", 15), 0);
	CHECK_BITS((unsigned long)start_info, PAGE_BYTES - 1, 0);
}

TEST(flags)
{
	CHECK_BITS(start_info->flags, SIF_PRIVILEGED | SIF_INITDOMAIN,
		   SIF_PRIVILEGED | SIF_INITDOMAIN);
	CHECK_BITS(start_info->flags, SIF_MULTIBOOT_MOD | SIF_MOD_START_PFN, 0);
	CHECK_BITS(start_info->flags, SIF_VIRT_P2M_4TOOLS, RECORDED(0));
}

TEST(command_line)
{
	CHECK(strstr((const char *)start_info->cmd_line, "hello-arg=42"));
	CHECK_EQ(strncmp(command_line_value("hello-arg"), "42", 2), 0);
}

TEST(no_module)
{
	CHECK_EQ(start_info->mod_start, 0);
	CHECK_EQ(start_info->mod_len, 0);
}

TEST(no_store_or_console_page)
{
	CHECK_EQ(start_info->store_mfn, 0);
	CHECK_EQ(start_info->store_evtchn, 0);
	CHECK(start_info->console.dom0.info_off >= sizeof(*start_info));
	CHECK_EQ(start_info->console.dom0.info_size,
		 sizeof(struct dom0_vga_console_info));
}

TEST(shared_info_address)
{
	CHECK(start_info->shared_info != 0);
	CHECK_BITS(start_info->shared_info, PAGE_BYTES - 1, 0);
}

/* Kernel, start_info, page tables, stack, in this order, from pfn 0 up. */
TEST(bootstrap_order)
{
	unsigned long tables = start_info->pt_base;

	CHECK((unsigned long)start_info >= (unsigned long)guest_end);
	CHECK(tables > (unsigned long)start_info);
	CHECK_BITS(tables, PAGE_BYTES - 1, 0);
	CHECK(start_info->nr_pt_frames >= 4);
	CHECK(virt_to_pfn((void *)tables) + start_info->nr_pt_frames <
	      start_info->nr_pages);
}

TEST(p2m_where_asked)
{
	CHECK_EQ(start_info->mfn_list, INIT_P2M);
	CHECK_EQ(start_info->nr_p2m_frames >=
			 (start_info->nr_pages * 8 + 4095) / 4096,
		 true);
	CHECK(start_info->first_p2m_pfn + start_info->nr_p2m_frames <=
	      start_info->nr_pages);
}

TEST(m2p_agrees)
{
	unsigned long pfn, wrong = 0;

	for (pfn = 0; pfn < start_info->nr_pages; pfn++)
		wrong += mfn_to_pfn(p2m[pfn]) != pfn;
	CHECK_EQ(wrong, 0);
	CHECK(start_info->nr_pages >= 4096);
}

/* The builder's mapping of pfn P is VIRT_BASE + P, tables read-only. */
TEST(bootstrap_mapping)
{
	unsigned long tables = virt_to_pfn((void *)start_info->pt_base);
	unsigned long pfn, wrong = 0, wrong_table = 0;

	for (pfn = 0; pfn < tables; pfn++) {
		uint64_t pte = pte_read(pfn_to_virt(pfn), 1);

		if (pfn_to_virt(pfn) == (void *)shared_info)
			continue;
		wrong += pte_mfn(pte) != p2m[pfn] ||
			 (~pte & (PTE_PRESENT | PTE_WRITE | PTE_USER));
	}
	CHECK_EQ(wrong, 0);
	for (; pfn < tables + start_info->nr_pt_frames; pfn++) {
		uint64_t pte = pte_read(pfn_to_virt(pfn), 1);

		wrong_table += pte_mfn(pte) != p2m[pfn] ||
			       !(pte & PTE_PRESENT) || pte & PTE_WRITE;
	}
	CHECK_EQ(wrong_table, 0);
}

/*
 * The kernel's own pages: global entries outlive the change to the user's root,
 * and then its programs would read them as long as the processor remembers.
 */
TEST(bootstrap_is_the_kernels)
{
	unsigned long pages = virt_to_pfn((void *)start_info->pt_base) +
			      start_info->nr_pt_frames;
	unsigned long pfn, global = 0;

	for (pfn = 0; pfn < pages; pfn++) {
		if (pfn_to_virt(pfn) != (void *)shared_info)
			global += !!(pte_read(pfn_to_virt(pfn), 1) & PTE_GLOBAL);
	}
	CHECK_EQ(global, 0);
}

TEST(bootstrap_padding)
{
	unsigned long stack = virt_to_pfn((void *)start_info->pt_base) +
			      start_info->nr_pt_frames;
	unsigned long pfn, mapped = 0;

	for (pfn = stack + 1; pte_read(pfn_to_virt(pfn), 1) & PTE_PRESENT;
	     pfn++)
		mapped++;
	CHECK(mapped >= 128);
	CHECK_EQ(pfn % 1024, 0);
}

TEST(first_registers)
{
	uint16_t cs, ss;

	asm("mov %%cs, %0" : "=r"(cs));
	asm("mov %%ss, %0" : "=r"(ss));
	CHECK_EQ(cs, FLAT_KERNEL_CS);
	CHECK_EQ(ss, FLAT_KERNEL_SS);
}

TEST(events_start_masked)
{
	REQUIRE(shared_info);
	CHECK_EQ(shared_info->vcpu_info[0].evtchn_upcall_mask, 1);
	CHECK_EQ(shared_info->vcpu_info[0].evtchn_upcall_pending, 0);
}

TEST(console_write)
{
	char text[] = "written by console_io\n";

	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_write, sizeof(text) - 1, text),
		 0);
	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_write, 0, NULL), 0);
}

TEST(console_wrong)
{
	char text[] = "x\n";

	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_write, 2, (char *)0x1000),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_write, 2,
				       (char *)HYPERVISOR_VIRT_END - 1),
		 RECORDED(-EFAULT));
	CHECK_EQ(HYPERVISOR_console_io(2, 2, text), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_console_io(~0U, 2, text), RECORDED(-ENOSYS));
	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_read, 0x80000000, text),
		 RECORDED(-E2BIG));
}

TEST(console_read)
{
	char text[16];

	CHECK_EQ(HYPERVISOR_console_io(CONSOLEIO_read, sizeof(text), text), 0);
}

TEST(hypercall_page)
{
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);

	CHECK_EQ(hypercall_page_address, hypercall_page);
	hypercall_by_page = true;
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_version, NULL), version);
	CHECK_EQ(HYPERVISOR_console_io(2, 0, NULL), RECORDED(-ENOSYS));
	hypercall_by_page = false;
}

/* The page belongs to the guest: it may read and write it as its own. */
TEST(hypercall_page_is_ours)
{
	volatile char *last = hypercall_page + PAGE_BYTES - 1;
	volatile char was = *last;

	CHECK_NO_FAULT(*last = 0x5a);
	CHECK_EQ(*last, 0x5a);
	*last = was;
}

/* Registers that are not the result survive a call. */
TEST(call_keeps_registers)
{
	uint64_t rbx = 1, rbp_like = 2, r12 = 3, r15 = 4;
	long rax = __HYPERVISOR_xen_version;

	asm volatile("mov %[b], %%rbx; mov %[d], %%r12; mov %[e], %%r15\n\t"
		     "xor %%edi, %%edi; xor %%esi, %%esi; syscall\n\t"
		     "mov %%rbx, %[b]; mov %%r12, %[d]; mov %%r15, %[e]"
		     : "+a"(rax), [b] "+m"(rbx), [c] "+m"(rbp_like),
		       [d] "+m"(r12), [e] "+m"(r15)
		     :
		     : "rbx", "r12", "r15", "rcx", "r11", "rdi", "rsi", "rdx",
		       "r10", "r8", "r9", "memory", "cc");
	CHECK(rax > 0);
	CHECK_EQ(rbx, 1);
	CHECK_EQ(r12, 3);
	CHECK_EQ(r15, 4);
}
