/* SPDX-License-Identifier: MIT */
/*
 * alternative.h - instructions that are replaced at boot
 *
 * Where the right instruction depends on the processor, the image has the one
 * that every processor knows and a row that names the other one. The rows are
 * applied once, before any other CPU runs, so that nothing branches for them
 * later. A replacement is copied: it must not depend on its own address.
 */
#ifndef LODGE_ALTERNATIVE_H
#define LODGE_ALTERNATIVE_H

/* enum alt_feature, for assembly too. */
#define ALT_SMAP	0	/* CR4.SMAP is going to be set */

/* Three bytes, as STAC and CLAC have. */
#define NOP3		".byte 0x0f, 0x1f, 0x00"

#ifdef __ASSEMBLY__

.macro ALTERNATIVE_CLAC
.Lsite\@:
	.byte	0x0f, 0x1f, 0x00
.Lsite_end\@:
	.pushsection .init.alternatives.with, "ax", @progbits
.Lwith\@:
	clac
.Lwith_end\@:
	.popsection
	.pushsection .init.alternatives, "a", @progbits
	.balign	4
	.long	.Lsite\@ - ., .Lwith\@ - .
	.word	ALT_SMAP
	.byte	.Lsite_end\@ - .Lsite\@, .Lwith_end\@ - .Lwith\@
	.popsection
.endm

#else /* !__ASSEMBLY__ */

#include <lodge/types.h>

struct alternative {
	int32_t site, with;	/* addresses, relative to themselves */
	uint16_t feature;	/* ALT_ */
	uint8_t site_bytes;
	uint8_t with_bytes;	/* at most site_bytes: NOPs fill the rest */
};

/* For inline assembly: @feature is one of the numbers above. */
#define ALTERNATIVE(site, with, feature)                                      \
	"661:\t" site "\n"                                                    \
	"662:\n\t"                                                            \
	".pushsection .init.alternatives.with, \"ax\", @progbits\n"           \
	"663:\t" with "\n"                                                    \
	"664:\n\t"                                                            \
	".popsection\n\t"                                                     \
	".pushsection .init.alternatives, \"a\", @progbits\n\t"               \
	".balign 4\n\t"                                                       \
	".long 661b - ., 663b - .\n\t"                                        \
	".word " ALT_STRING(feature) "\n\t"                                   \
	".byte 662b - 661b, 664b - 663b\n\t"                                  \
	".popsection\n\t"
#define ALT_STRING(x)	ALT_STRING_(x)
#define ALT_STRING_(x)	#x

/*
 * Around the one instruction that touches a guest's memory at its own address,
 * in the same asm statement. A fixup of that instruction leads to USER_END.
 */
#define USER_BEGIN	ALTERNATIVE(NOP3, "stac", ALT_SMAP)
#define USER_END	ALTERNATIVE(NOP3, "clac", ALT_SMAP)

/* Rows whose feature is in @features (a bit for each ALT_). Boot, one CPU. */
unsigned int alternatives_apply(const struct alternative *rows,
				const struct alternative *end,
				unsigned long features);

#endif /* !__ASSEMBLY__ */
#endif
