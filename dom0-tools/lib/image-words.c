/* SPDX-License-Identifier: MIT */
/*
 * image-words.c - why a kernel is refused, in words
 *
 * Each completes a sentence that begins with the file: "/boot/x is a 32-bit
 * kernel". Numbers come from the reader, so that none can be more than wrong.
 */
#include "image-claims.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GENERIC_HINT "a PV guest starts from a 64-bit Linux bzImage, or from " \
	"an ELF file with Xen's notes"

/* code 0: an errno in a. $a $b: decimal; $x $y: the same in hexadecimal; $m: b
 * in MiB; $e: an errno in a; $n: a note; $p: a method of compression. */
struct problem {
	int code;
	const char *words, *hint;
};

static const struct problem problems[NR_PROBLEMS] = {
	[PROBLEM_NONE] = {EPROTO, "was refused without a reason", NULL},
	[PROBLEM_OPEN] = {0, "cannot be opened: $e", NULL},
	[PROBLEM_NO_FILE] = {EINVAL, "is no regular file", NULL},
	[PROBLEM_IO] = {0, "cannot be read: $e", NULL},
	[PROBLEM_MEMORY] = {ENOMEM, "cannot be read: there is no memory", NULL},
	[PROBLEM_READER] = {0, "cannot be read: the process that reads it "
		"does not start: $e", NULL},
	[PROBLEM_CONFINE] = {0, "cannot be read: the process that reads it "
		"cannot give up its privileges: $e", NULL},
	[PROBLEM_DIED] = {EPROTO, "cannot be read: the process that reads it "
		"was ended by signal $a", NULL},
	[PROBLEM_EXITED] = {EPROTO, "cannot be read: the process that reads it "
		"ended with status $a", "it needs the libraries of zlib, "
		"liblzma, libzstd, liblz4 and libseccomp"},
	[PROBLEM_TIME] = {ENOEXEC, "takes more than $a s of processor time to "
		"read", NULL},
	[PROBLEM_NONSENSE] = {EPROTO, "cannot be read: the process that reads "
		"it says what cannot be", NULL},

	[PROBLEM_EMPTY] = {ENOEXEC, "is empty", NULL},
	[PROBLEM_FOREIGN] = {ENOEXEC, "is neither a Linux bzImage nor an ELF "
		"file", GENERIC_HINT},
	[PROBLEM_TRUNCATED] = {ENOEXEC, "is cut short: its $a bytes end before "
		"what it says is in them", NULL},
	[PROBLEM_PACKING] = {ENOEXEC, "is compressed with $p, which is not "
		"supported", "gzip, xz, lzma, zstd and lz4 are"},
	[PROBLEM_PACKED_LARGE] = {ENOEXEC, "is compressed and has $a bytes, "
		"which is more than $m MiB", NULL},
	[PROBLEM_DAMAGED] = {ENOEXEC, "is damaged: what is compressed with $p "
		"does not unpack", NULL},
	[PROBLEM_BOMB] = {ENOEXEC, "unpacks to more than $m MiB", NULL},
	[PROBLEM_SIZE] = {ENOEXEC, "is damaged: it unpacks to $a bytes, but "
		"says $b", NULL},
	[PROBLEM_OLD_BZIMAGE] = {ENOEXEC, "is a Linux image whose boot "
		"protocol is older than 2.08", GENERIC_HINT},
	[PROBLEM_PAYLOAD] = {ENOEXEC, "is a Linux image with no known kind of "
		"kernel in it", "gzip, xz, lzma, zstd and lz4 are known"},
	[PROBLEM_NO_ELF] = {ENOEXEC, "unpacks to what is no ELF file",
		GENERIC_HINT},

	[PROBLEM_32_BIT] = {ENOEXEC, "is a 32-bit kernel",
		"only 64-bit guests are supported"},
	[PROBLEM_MACHINE] = {ENOEXEC, "is made for another machine than x86-64",
		NULL},
	[PROBLEM_NO_PROGRAM] = {ENOEXEC, "is an ELF file that cannot be started"
		": its type is $a", GENERIC_HINT},
	[PROBLEM_TABLE] = {ENOEXEC, "has a malformed table of segments", NULL},
	[PROBLEM_NO_SEGMENTS] = {ENOEXEC, "has nothing to load", NULL},
	[PROBLEM_NO_NOTES] = {ENOEXEC, "has no Xen notes", "Linux has them if "
		"it was built with CONFIG_XEN_PV"},
	[PROBLEM_LEGACY] = {ENOEXEC, "describes itself in the section "
		"__xen_guest, as kernels of before 2006 did",
		"Xen's ELF notes are needed"},
	[PROBLEM_NOTE_SIZE] = {ENOEXEC, "has a Xen note $n of $b bytes, where "
		"a number of 4 or 8 bytes belongs", NULL},
	[PROBLEM_NOTES] = {ENOEXEC, "has malformed notes", NULL},
	[PROBLEM_PVH_ONLY] = {ENOEXEC, "is made for PVH guests, and not for PV "
		"ones", "Linux starts as either if it was built with "
		"CONFIG_XEN_PV"},
	[PROBLEM_FEATURE] = {ENOEXEC, "needs a feature of Xen that is not "
		"known", NULL},
	[PROBLEM_LOADER] = {ENOEXEC, "wants another loader than \"generic\"",
		NULL},
	[PROBLEM_XEN_VERSION] = {ENOEXEC, "is made for another interface than "
		"\"xen-3.0\"", NULL},
	[PROBLEM_SYMBOLS] = {ENOEXEC, "needs its symbol table loaded, which is "
		"not supported", NULL},
	[PROBLEM_SEGMENT_SIZE] = {ENOEXEC, "has a segment of $a bytes with "
		"only $b bytes of memory", NULL},
	[PROBLEM_LARGE] = {ENOEXEC, "has more than $m MiB to load", NULL},

	[PROBLEM_BASE] = {ENOEXEC, "has the base address $x, which is no "
		"canonical one at the start of a page", NULL},
	[PROBLEM_BELOW] = {ENOEXEC, "has a segment at $x, below its base "
		"address", NULL},
	[PROBLEM_WRAP] = {ENOEXEC, "has a segment at $x whose end is beyond "
		"the last address", NULL},
	[PROBLEM_OVERLAP] = {ENOEXEC, "has segments that overlap, at $x", NULL},
	[PROBLEM_NO_MEMORY] = {ENOEXEC, "needs $m MiB to be loaded, but the "
		"guest has $a MiB", NULL},
	[PROBLEM_XEN_RANGE] = {ENOEXEC, "would be loaded from $x to $y, where "
		"the hypervisor is or no memory can be", NULL},
	[PROBLEM_ENTRY] = {ENOEXEC, "has its entry at $x, outside of its "
		"segments", NULL},
	[PROBLEM_HYPERCALL_PAGE] = {ENOEXEC, "has its hypercall page at $x, "
		"which is no page of its segments", NULL},
	[PROBLEM_P2M] = {ENOEXEC, "wants its list of frames at $x, but must "
		"have it on a 512 GiB boundary outside the hypervisor's range "
		"and its own", NULL},
	[PROBLEM_HOLE] = {ENOEXEC, "wants the hypervisor's range to begin at "
		"$x or above", NULL},
};

static const char *const note_names[] = {
	"INFO", "ENTRY", "HYPERCALL_PAGE", "VIRT_BASE", "PADDR_OFFSET",
	"XEN_VERSION", "GUEST_OS", "GUEST_VERSION", "LOADER", "PAE_MODE",
	"FEATURES", "BSD_SYMTAB", "HV_START_LOW", "L1_MFN_VALID",
	"SUSPEND_CANCEL", "INIT_P2M", "MOD_START_PFN", "SUPPORTED_FEATURES",
	"PHYS32_ENTRY",
};

static const char *const packings[] = {
	"gzip", "xz", "lzma", "zstd", "lz4", "bzip2", "lzo",
};

#define NAME(table, i) \
	((i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : "?")

static const char *error_name(uint64_t code)
{
	const char *text = code < 4096 ? strerrordesc_np((int)code) : NULL;

	return text ? text : "unknown error";
}

static int expand(char *to, size_t room, char what, uint64_t a, uint64_t b)
{
	switch (what) {
	case 'a':
		return snprintf(to, room, "%" PRIu64, a);
	case 'b':
		return snprintf(to, room, "%" PRIu64, b);
	case 'x':
		return snprintf(to, room, "%#" PRIx64, a);
	case 'y':
		return snprintf(to, room, "%#" PRIx64, b);
	case 'm':
		return snprintf(to, room, "%" PRIu64,
				(b >> 20) + !!(b & 0xfffff));
	case 'e':
		return snprintf(to, room, "%s", error_name(a));
	case 'n':
		return snprintf(to, room, "%s", NAME(note_names, a));
	default:
		return snprintf(to, room, "%s", NAME(packings, a));
	}
}

int image_refuse(struct image_refusal *why, enum image_problem problem,
		 uint64_t a, uint64_t b)
{
	const struct problem *p = &problems[problem];
	size_t length = 0, room = sizeof(why->words) - 1;
	const char *s;

	for (s = p->words; *s && length < room; s++)
		if (*s == '$')
			length += (size_t)expand(why->words + length,
						 room - length, *++s, a, b);
		else
			why->words[length++] = *s;
	why->words[length < room ? length : room] = '\0';
	why->code = p->code ? p->code : a && a < 4096 ? (int)a : EIO;
	why->hint = p->hint;
	return -why->code;
}
