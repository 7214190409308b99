/* SPDX-License-Identifier: MIT */
/*
 * version - what the hypervisor says of itself
 *
 * Strings must end within their buffers and leave the rest of them alone or
 * cleared, never filled with what happened to lie behind; features are what
 * kernels choose their code paths by.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/page.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define BAD_POINTER ((void *)0x1000)
#define GUARD	    0x5a

static char buffer[2048];

/* Ends within @bytes, and nothing was written behind them. */
static bool string_fits(unsigned int cmd, size_t bytes)
{
	size_t i;

	memset(buffer, GUARD, sizeof(buffer));
	if (HYPERVISOR_xen_version(cmd, buffer))
		return false;
	for (i = bytes; i < sizeof(buffer); i++) {
		if (buffer[i] != GUARD)
			return false;
	}
	buffer[sizeof(buffer) - 1] = 0;
	return strlen(buffer) < bytes;
}

TEST(version)
{
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);

	CHECK_EQ(version >> 16, 4);
	CHECK((version & 0xffff) >= 17);
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_version, BAD_POINTER), version);
}

TEST(strings)
{
	CHECK(string_fits(XENVER_extraversion, XEN_EXTRAVERSION_LEN));
	CHECK_EQ(buffer[0], '.');
	CHECK(string_fits(XENVER_changeset, XEN_CHANGESET_INFO_LEN));
	CHECK(string_fits(XENVER_commandline, sizeof(xen_commandline_t)));
	CHECK(strstr(buffer, "dom0_mem=128M"));
}

TEST(capabilities)
{
	CHECK(string_fits(XENVER_capabilities, XEN_CAPABILITIES_INFO_LEN));
	CHECK(strstr(buffer, "xen-3.0-x86_64"));
}

TEST(compile_info)
{
	struct xen_compile_info info;

	memset(&info, GUARD, sizeof(info));
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_compile_info, &info), 0);
	CHECK(memcmp(info.compiler, "\x5a\x5a", 2));
	info.compiler[63] = 0;
	CHECK(strstr(info.compiler, "gcc") || strstr(info.compiler, "clang"));
}

TEST(platform_parameters)
{
	struct xen_platform_parameters parameters = {0};

	CHECK_EQ(
		HYPERVISOR_xen_version(XENVER_platform_parameters, &parameters),
		0);
	CHECK_EQ(parameters.virt_start, HYPERVISOR_VIRT_START);
}

TEST(features)
{
	static const unsigned int offered[] = {
		XENFEAT_mmu_pt_update_preserve_ad, XENFEAT_highmem_assist,
		XENFEAT_gnttab_map_avail_bits,	   XENFEAT_dom0,
		XENFEAT_memory_op_vnode_supported,
	};
	static const unsigned int not_offered[] = {
		XENFEAT_writable_page_tables,
		XENFEAT_writable_descriptor_tables,
		XENFEAT_auto_translated_physmap,
		XENFEAT_supervisor_mode_kernel,
		XENFEAT_hvm_callback_vector,
	};
	struct xen_feature_info info = {0};
	unsigned int i;

	CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, &info), 0);
	for (i = 0; i < sizeof(offered) / sizeof(offered[0]); i++)
		CHECK_BITS(info.submap, 1U << offered[i], 1U << offered[i]);
	for (i = 0; i < sizeof(not_offered) / sizeof(not_offered[0]); i++)
		CHECK_BITS(info.submap, 1U << not_offered[i], 0);
}

/* One of the two is true, whatever is meant by it for a PV guest. */
TEST(features_mapping)
{
	uint32_t direct = 1U << XENFEAT_direct_mapped;
	uint32_t indirect = 1U << XENFEAT_not_direct_mapped;
	struct xen_feature_info info = {0};

	CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, &info), 0);
	info.submap &= direct | indirect;
	CHECK(info.submap == indirect || info.submap == RECORDED(direct));
}

TEST(features_beyond)
{
	struct xen_feature_info info = {.submap_idx = 1};

	CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, &info),
		 RECORDED(-EINVAL));
	CHECK_EQ(info.submap, RECORDED(0));
	info.submap_idx = ~0U;
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_get_features, &info),
		 RECORDED(-EINVAL));
}

TEST(page_size)
{
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_pagesize, NULL), PAGE_BYTES);
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_pagesize, BAD_POINTER),
		 RECORDED(-EINVAL));
}

TEST(guest_handle)
{
	xen_domain_handle_t handle;
	unsigned int i, bits = 0;

	memset(handle, GUARD, sizeof(handle));
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_guest_handle, handle), 0);
	for (i = 0; i < sizeof(handle); i++)
		bits |= handle[i];
	CHECK_EQ(bits, RECORDED(0));
}

TEST(build_id)
{
	struct xen_build_id *id = (void *)buffer;
	long length = HYPERVISOR_xen_version(XENVER_build_id, NULL);

	if (length == -ENODATA)
		TEST_SKIP("an image without a build identity");
	CHECK(length > 0);
	id->len = sizeof(buffer) - sizeof(*id);
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_build_id, id), length);
	id->len = length - 1;
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_build_id, id),
		 RECORDED(-ENOBUFS));
	id->len = 0;
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_build_id, id),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_xen_version(XENVER_build_id, BAD_POINTER), -EFAULT);
}

TEST(wrong)
{
	static const int with_buffer[] = {
		XENVER_extraversion,	    XENVER_compile_info,
		XENVER_capabilities,	    XENVER_changeset,
		XENVER_platform_parameters, XENVER_get_features,
		XENVER_guest_handle,	    XENVER_commandline,
	};
	unsigned int i;

	for (i = 0; i < sizeof(with_buffer) / sizeof(with_buffer[0]); i++)
		CHECK_EQ(HYPERVISOR_xen_version(with_buffer[i], BAD_POINTER),
			 -EFAULT);
	CHECK_EQ(HYPERVISOR_xen_version(11, NULL), -ENOSYS);
	CHECK_EQ(HYPERVISOR_xen_version(-1, NULL), -ENOSYS);
}
