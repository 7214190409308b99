# SPDX-License-Identifier: MIT
test_paging_SRCS := $(addprefix hypervisor/mm/,bootmem.c buddy.c \
	domain-pages.c frame-table.c init.c m2p.c objects.c paging.c \
	perdomain.c tlb.c vmap.c) \
	$(addprefix hypervisor/lib/,audit.c spinlock.c) \
	$(addprefix tests/unit/fake/,machine.c ipi.c)
# The image: nine pages at the fake IMAGE_BASE (tests/unit/fake/lodge/layout.h)
test_paging_CFLAGS := -fPIC
comma := ,
test_paging_LIBS := -no-pie -Wl,--no-relax $(foreach s,image_start=0 text_start=0 text_end=2 \
	init_start=2 init_end=4 rodata_start=4 rodata_end=6 percpu_start=6 \
	percpu_end=7 data_end=7 bss_start=8 image_end=9,\
	-Wl$(comma)--defsym=$(subst =,=0x21800000,$(s))000)
