/* SPDX-License-Identifier: MIT */
/*
 * layout.h - host tests: the hypervisor's areas in a process's address space
 *
 * Everything is as in the real header, but the areas lie where a process may
 * map them (and the sanitizers do not).
 */
#ifndef FAKE_LODGE_LAYOUT_H
#define FAKE_LODGE_LAYOUT_H

#include_next <lodge/layout.h>

#undef RO_M2P_BASE
#undef PERDOMAIN_BASE
#undef FRAME_TABLE_BASE
#undef IMAGE_BASE
#undef VMAP_BASE
#undef VMAP_END
#undef M2P_BASE
#undef DIRECTMAP_BASE
#undef DIRECTMAP_END

#define RO_M2P_BASE		0x200000000000
#define PERDOMAIN_BASE		0x208000000000
#define FRAME_TABLE_BASE	0x210000000000
#define IMAGE_BASE		0x218000000000
#define VMAP_BASE		0x21c000000000
#define VMAP_END		0x220000000000
#define M2P_BASE		0x220000000000
#define DIRECTMAP_BASE		0x228000000000
#define DIRECTMAP_END		0x278000000000

#endif
