/* SPDX-License-Identifier: MIT */
/*
 * image-program.c - the program that reads kernels, as bytes
 *
 * dom0-tools.mk builds it first, and says where it is.
 */
#include "image-claims.h"

__asm__(".pushsection .rodata\n"
	".balign 16\n"
	".globl image_reader_start, image_reader_end\n"
	"image_reader_start:\n"
	".incbin \"" IMAGE_READER_FILE "\"\n"
	"image_reader_end:\n"
	".popsection");
