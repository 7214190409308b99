/* SPDX-License-Identifier: MIT */
/*
 * keys.c - the keys of xl.cfg(5), a row each
 *
 * A row says how a value is read and where it goes, or why there is nothing to
 * read: the key belongs to another kind of guest, and then has no effect, or to
 * something that is not there, and then the guest would not be what its owner
 * asked for.
 */
#include "keys.h"

#include <string.h>

#define ANY   0u
#define EMULATED (LODGE_HVM)
#define HARDWARE (LODGE_HVM | LODGE_PVH)
#define OTHER_MACHINE 8u	/* Arm, no guest of this one */

/* ---- the table ------------------------------------------------------------ */

static const struct cfg_choice actions[] = {
	{"destroy", LODGE_ACTION_DESTROY},
	{"restart", LODGE_ACTION_RESTART},
	{"rename-restart", LODGE_ACTION_RENAME_RESTART},
	{"preserve", LODGE_ACTION_PRESERVE},
	{"coredump-destroy", LODGE_ACTION_COREDUMP_DESTROY},
	{"coredump-restart", LODGE_ACTION_COREDUMP_RESTART},
	{NULL, 0},
};

/* 16 TiB, which is more than the ABI has room for */
static const struct cfg_range mebibytes = {1, 16 << 20, "MiB"};
static const struct cfg_range vcpus = {1, LODGE_MAX_VCPUS, NULL};
static const struct cfg_range weights = {1, 65535, NULL};
static const struct cfg_range percent = {0, 65535, "percent of a CPU"};
static const struct cfg_range frames = {1, 4096, "frames"};
static const struct cfg_range track_frames = {0, 65536, "frames"};
static const struct cfg_range versions = {1, 2, NULL};
static const struct cfg_range ports = {1, 131071, NULL};

#define IN(name) offsetof(struct lodge_domain_config, name)
#define NO_PASSTHROUGH "passing devices of the host through"
#define NO_DEVICE "devices of this kind"
#define GRUB_HINT \
	"the guest's own GRUB is kernel = " \
	"\"/usr/lib/grub-xen/grub-x86_64-xen.bin\""

/* The kind of guest first: what others mean depends on it. */
static const struct cfg_key keys[] = {
	{"builder", .read = key_builder},
	{"type", .read = key_type},
	{"name", .read = key_name, .member = IN(name)},
	{"uuid", .read = key_uuid},
	{"pool", .read = key_string, .member = IN(pool)},
	{"vcpus", .read = key_uint, .member = IN(vcpus), .param = &vcpus},
	{"maxvcpus", .read = key_uint, .member = IN(max_vcpus),
	 .param = &vcpus},
	{"cpus", .read = key_affinity, .member = IN(hard)},
	{"cpus_soft", .read = key_affinity, .member = IN(soft)},
	{"cpu_weight", .read = key_uint, .member = IN(weight),
	 .param = &weights},
	{"cap", .read = key_uint, .member = IN(cap), .param = &percent},
	{"memory", .read = key_u64, .member = IN(memory_mib),
	 .param = &mebibytes},
	{"maxmem", .read = key_u64, .member = IN(max_memory_mib),
	 .param = &mebibytes},
	{"on_poweroff", .read = key_choice, .member = IN(on_poweroff),
	 .param = actions},
	{"on_reboot", .read = key_choice, .member = IN(on_reboot),
	 .param = actions},
	{"on_watchdog", .read = key_choice, .member = IN(on_watchdog),
	 .param = actions},
	{"on_crash", .read = key_choice, .member = IN(on_crash),
	 .param = actions},
	{"on_soft_reset", .guests = LODGE_HVM},
	{"kernel", .read = key_path, .member = IN(kernel)},
	{"ramdisk", .read = key_path, .member = IN(ramdisk)},
	{"cmdline", .read = key_string, .member = IN(cmdline)},
	{"root", .read = key_root},
	{"extra", .read = key_extra},
	{"max_grant_frames", .read = key_uint, .member = IN(max_grant_frames),
	 .param = &frames},
	{"max_maptrack_frames", .read = key_uint, .member = IN(max_maptrack_frames),
	 .param = &track_frames},
	{"max_grant_version", .read = key_uint, .member = IN(max_grant_version),
	 .param = &versions},
	{"max_event_channels", .read = key_uint, .member = IN(max_event_channels),
	 .param = &ports},
	{"nomigrate", .read = key_bool, .member = IN(no_migrate)},
	{"driver_domain", .read = key_bool, .member = IN(driver_domain)},
	{"e820_host", .read = key_bool, .member = IN(host_e820)},
	{"tsc_mode", .read = key_tsc_mode},
	{"localtime", .read = key_bool, .member = IN(local_time)},
	{"rtc_timeoffset", .read = key_offset, .member = IN(rtc_offset_s)},
	{"disk", .read = key_disks},
	{"vif", .read = key_vifs},
	{"channel", .read = key_channels},

	/* not there */
	{"bootloader", .lacking = "running a boot loader in Dom0",
	 .hint = GRUB_HINT},
	{"bootloader_args", .lacking = "running a boot loader in Dom0"},
	{"firmware", .lacking = "choosing firmware by name", .hint = GRUB_HINT},
	{"vnuma", .lacking = "virtual NUMA nodes"},
	{"seclabel", .lacking = "security labels"},
	{"init_seclabel", .lacking = "security labels"},
	{"vmtrace_buf_kb", .lacking = "processor traces"},
	{"cpuid", .lacking = "changing what CPUID says"},
	{"pci", .lacking = NO_PASSTHROUGH},
	{"pci_permissive", .lacking = NO_PASSTHROUGH},
	{"pci_msitranslate", .lacking = NO_PASSTHROUGH},
	{"pci_seize", .lacking = NO_PASSTHROUGH},
	{"passthrough", .lacking = NO_PASSTHROUGH},
	{"ioports", .lacking = NO_PASSTHROUGH},
	{"iomem", .lacking = NO_PASSTHROUGH},
	{"irqs", .lacking = NO_PASSTHROUGH},
	{"dtdev", .lacking = NO_PASSTHROUGH},
	{"vtpm", .lacking = NO_DEVICE},
	{"p9", .lacking = NO_DEVICE},
	{"pvcalls", .lacking = NO_DEVICE},
	{"usbctrl", .lacking = NO_DEVICE},
	{"usbdev", .lacking = NO_DEVICE},
	{"vdispl", .lacking = NO_DEVICE},
	{"vsnd", .lacking = NO_DEVICE},
	{"vkb", .lacking = NO_DEVICE},
	{"vfb", .lacking = NO_DEVICE},
	{"xend_suspend_evtchn_compat", .lacking = "xend's old store layout"},

	/* of guests with virtualized hardware */
	{"pvshim", .guests = LODGE_PVH},
	{"pvshim_path", .guests = LODGE_PVH},
	{"pvshim_cmdline", .guests = LODGE_PVH},
	{"pvshim_extra", .guests = LODGE_PVH},
	{"hap", .guests = HARDWARE},
	{"oos", .guests = HARDWARE},
	{"shadow_memory", .guests = HARDWARE},
	{"nestedhvm", .guests = HARDWARE},
	{"timer_mode", .guests = HARDWARE},
	{"altp2m", .guests = HARDWARE},
	{"altp2mhvm", .guests = HARDWARE},
	{"pae", .guests = HARDWARE},
	{"nx", .guests = HARDWARE},
	{"acpi", .guests = HARDWARE},
	{"apic", .guests = HARDWARE},
	{"msr_relaxed", .guests = HARDWARE},
	{"mca_caps", .guests = HARDWARE},
	{"vpt_align", .guests = HARDWARE},

	/* of guests with an emulated PC */
	{"acpi_s3", .guests = EMULATED},
	{"acpi_s4", .guests = EMULATED},
	{"acpi_laptop_slate", .guests = EMULATED},
	{"acpi_firmware", .guests = EMULATED},
	{"smbios_firmware", .guests = EMULATED},
	{"ms_vm_genid", .guests = EMULATED},
	{"bios", .guests = EMULATED},
	{"bios_path_override", .guests = EMULATED},
	{"boot", .guests = EMULATED},
	{"hdtype", .guests = EMULATED},
	{"hpet", .guests = EMULATED},
	{"mmio_hole", .guests = EMULATED},
	{"xen_platform_pci", .guests = EMULATED},
	{"viridian", .guests = EMULATED},
	{"videoram", .guests = EMULATED},
	{"stdvga", .guests = EMULATED},
	{"vga", .guests = EMULATED},
	{"vnc", .guests = EMULATED},
	{"vnclisten", .guests = EMULATED},
	{"vncdisplay", .guests = EMULATED},
	{"vncunused", .guests = EMULATED},
	{"vncpasswd", .guests = EMULATED},
	{"vncviewer", .guests = EMULATED},
	{"keymap", .guests = EMULATED},
	{"sdl", .guests = EMULATED},
	{"opengl", .guests = EMULATED},
	{"nographic", .guests = EMULATED},
	{"spice", .guests = EMULATED},
	{"spicehost", .guests = EMULATED},
	{"spiceport", .guests = EMULATED},
	{"spicetls_port", .guests = EMULATED},
	{"spicedisable_ticketing", .guests = EMULATED},
	{"spicepasswd", .guests = EMULATED},
	{"spiceagent_mouse", .guests = EMULATED},
	{"spicevdagent", .guests = EMULATED},
	{"spice_clipboard_sharing", .guests = EMULATED},
	{"spiceusbredirection", .guests = EMULATED},
	{"spice_image_compression", .guests = EMULATED},
	{"spice_streaming_video", .guests = EMULATED},
	{"serial", .guests = EMULATED},
	{"soundhw", .guests = EMULATED},
	{"vkb_device", .guests = EMULATED},
	{"usb", .guests = EMULATED},
	{"usbversion", .guests = EMULATED},
	{"usbdevice", .guests = EMULATED},
	{"vendor_device", .guests = EMULATED},
	{"rdm", .guests = EMULATED},
	{"rdm_mem_boundary", .guests = EMULATED},
	{"pci_power_mgmt", .guests = EMULATED},
	{"gfx_passthru", .guests = EMULATED},
	{"dm_restrict", .guests = EMULATED},
	{"device_model_user", .guests = EMULATED},
	{"device_model_version", .guests = EMULATED},
	{"device_model_override", .guests = EMULATED},
	{"device_model_stubdomain_override", .guests = EMULATED},
	{"device_model_stubdomain_seclabel", .guests = EMULATED},
	{"device_model_args", .guests = EMULATED},
	{"device_model_args_pv", .guests = EMULATED},
	{"device_model_args_hvm", .guests = EMULATED},
	{"stubdomain_kernel", .guests = EMULATED},
	{"stubdomain_cmdline", .guests = EMULATED},
	{"stubdomain_ramdisk", .guests = EMULATED},
	{"stubdomain_memory", .guests = EMULATED},

	{"device_tree", .guests = OTHER_MACHINE},
	{"vpmu", .guests = OTHER_MACHINE},
	{"gic_version", .guests = OTHER_MACHINE},
	{"vuart", .guests = OTHER_MACHINE},
	{"tee", .guests = OTHER_MACHINE},
};

static const char *key_at(size_t i, const void *arg)
{
	return i < ARRAY_SIZE(keys) ? keys[i].name : NULL;
}

static const struct cfg_key *find_key(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* ---- settings ------------------------------------------------------------ */

static struct cfg_at setting_at(struct lodge_config *config,
				const struct cfg_setting *s)
{
	return (struct cfg_at){
		.config = config,
		.source = s->source,
		.line = s->line,
		.key = s->key,
	};
}

static void append(const struct cfg_at *at, struct cfg_value *to,
		   const struct cfg_value *v)
{
	struct cfg_value **last = &to->first;

	if ((to->kind == CFG_LIST) != (v->kind == CFG_LIST)) {
		finding(at, LODGE_ERROR,
			"is a %s, to which only its like can be appended",
			to->kind == CFG_LIST ? "list" : "string");
	} else if (to->kind == CFG_LIST) {
		/* How many there may be is asked when they are read. */
		while (*last)
			last = &(*last)->next;
		*last = v->first;
	} else if (strlen(to->text) + strlen(v->text) > LONGEST_STRING) {
		finding(at, LODGE_ERROR, "is longer than %d bytes by now",
			LONGEST_STRING);
	} else {
		to->text = arena_printf(&at->config->arena, "%s%s", to->text,
					v->text);
		to->kind = CFG_STRING;
	}
}

/* A later setting takes the place of @old, or is appended to it. */
static struct cfg_setting *merge(struct lodge_config *config,
				 struct cfg_setting *old,
				 struct cfg_setting *s)
{
	struct cfg_at at = setting_at(config, s);

	if (!old)
		return s;
	if (s->append) {
		append(&at, old->value, s->value);
		return old;
	}
	if (!strcmp(old->source, s->source))
		finding(&at, LODGE_WARNING,
			"was set in line %u already, which does not count",
			old->line);
	return s;
}

static void read_setting(struct lodge_config *config,
			 const struct cfg_key *key,
			 const struct cfg_setting *s)
{
	struct cfg_at at = setting_at(config, s);

	if (key->lacking)
		finding(&at, LODGE_ERROR, "needs what is not supported: %s",
			key->lacking)
			->f.hint = key->hint;
	else if (key->guests && !(key->guests & config->guest_type))
		finding(&at, LODGE_NOTE, "has no effect on this kind of guest");
	else if (key->read)
		key->read(&at, key, s->value);
}

void read_settings(struct lodge_config *config)
{
	struct cfg_setting *last[ARRAY_SIZE(keys)] = {NULL}, *s;
	const struct cfg_key *key;
	size_t i;

	for (s = config->settings; s; s = s->next) {
		struct cfg_at at = setting_at(config, s);

		key = find_key(s->key);
		if (!key) {
			unknown_key(&at, key_at);
			continue;
		}
		last[key - keys] = merge(config, last[key - keys], s);
	}
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (last[i])
			read_setting(config, &keys[i], last[i]);
}
