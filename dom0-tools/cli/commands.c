/* SPDX-License-Identifier: MIT */
/*
 * commands.c - the table of commands, a row each
 */
#include "cli.h"
#include "options.h"

static const struct cli_option json_only[] = {
	{CLI_JSON, "json", NULL, "print JSON"},
	{0},
};

static const struct cli_option info_options[] = {
	{'n', "numa", NULL, "also where CPUs and memory are"},
	{CLI_JSON, "json", NULL, "print JSON"},
	{0},
};

static const struct cli_option list_options[] = {
	{'l', "long", NULL, "print JSON, of how they were made"},
	{'v', "verbose", NULL, "also UUIDs, reasons and labels"},
	{'Z', "context", NULL, "also security labels"},
	{'c', "cpupool", NULL, "also the CPU pool"},
	{'n', "numa", NULL, "also the nodes that memory is wanted from"},
	{CLI_JSON, "json", NULL, "print JSON"},
	{0},
};

static const struct cli_option dmesg_options[] = {
	{'c', "clear", NULL, "forget what was shown"},
	{0},
};

static const struct cli_option console_options[] = {
	{'t', "type", "pv|serial", "the console of that type"},
	{'n', "num", "NUMBER", "the console of that number, from 0"},
	{0},
};

static const struct cli_option create_options[] = {
	{'c', "console", NULL, "be the guest's terminal at once"},
	{'p', "paused", NULL, "leave it paused"},
	{'q', "quiet", NULL, "say nothing that is not wrong"},
	{'n', "dryrun", NULL, "read the configuration only"},
	{'e', NULL, NULL, "nobody is to act at its end"},
	{'F', NULL, NULL, "wait until it has ended, and is not started again"},
	{0},
};

static const struct cli_option pool_options[] = {
	{'f', "defconfig", "FILE", "the configuration's file"},
	{'n', "dryrun", NULL, "read the configuration only"},
	{0},
};

static const struct cli_option pool_list_options[] = {
	{'c', "cpus", NULL, "their CPUs"},
	{CLI_JSON, "json", NULL, "print JSON"},
	{0},
};

static const struct cli_option shutdown_options[] = {
	{'a', "all", NULL, "all guests"},
	{'w', "wait", NULL, "until they have shut down"},
	{'F', NULL, NULL, "by other ways, too: of PV guests there are none"},
	{0},
};

static const struct cli_option detach_options[] = {
	{'f', "force", NULL, "do not ask the guest"},
	{0},
};

static const struct cli_option sched_options[] = {
	{'d', "domain", "DOMAIN", "of one domain"},
	{'w', "weight", "NUMBER", "its weight beside others"},
	{'c', "cap", "PERCENT", "of a CPU, the most that it gets; 0: no cap"},
	{'p', "cpupool", "POOL", "of one CPU pool"},
	{'s', "schedparam", NULL, "of pools, not of their domains"},
	{'r', "ratelimit_us", "TIME", "how long a vCPU runs at least"},
	{CLI_JSON, "json", NULL, "print JSON"},
	{0},
};

static const struct cli_option pin_options[] = {
	{'f', "force", NULL, "also what its kernel has pinned for a while"},
	{0},
};

static const struct cli_option help_options[] = {
	{CLI_MAN, "man", NULL, "print the manual page, lodge(1)"},
	{CLI_BASH, "bash", NULL, "print what completes command lines in bash"},
	{0},
};

static const struct cli_option uptime_options[] = {
	{'s', "short", NULL, "the time of day, hours and minutes"},
	{CLI_JSON, "json", NULL, "print JSON"},
	{0},
};

const struct cli_command cli_commands[] = {
	{"block-attach", "DOMAIN DISK...", "Give a guest another disk", NULL,
	 2, -1, cmd_block_attach},
	{"block-detach", "DOMAIN DISK", "Take a disk away from a guest",
	 detach_options, 2, 2, cmd_block_detach},
	{"block-list", "DOMAIN...", "List the disks of guests", json_only, 1,
	 -1, cmd_block_list},
	{"button-press", "DOMAIN power|sleep",
	 "Press a button of a guest's machine", NULL, 2, 2, cmd_button_press},
	{"check", "FILE [KEY=VALUE...]",
	 "Say all that is wrong with a configuration; create nothing",
	 json_only, 1, -1, cmd_check},
	{"claims", "", "List the domains, and what memory they have claimed",
	 NULL, 0, 0, cmd_claims},
	{"config-update", "DOMAIN [FILE] [KEY=VALUE...]",
	 "Change what a guest is made of when it is started again", NULL, 1,
	 -1, cmd_config_update},
	{"console", "DOMAIN", "Be the terminal of a guest; ^] leaves it",
	 console_options, 1, 1, cmd_console},
	{"cpupool-cpu-add", "POOL CPUS|node:NODES", "Add CPUs to a CPU pool",
	 NULL, 2, 2, cmd_cpupool_cpu_add},
	{"cpupool-cpu-remove", "POOL CPUS|node:NODES",
	 "Remove CPUs from a CPU pool", NULL, 2, 2, cmd_cpupool_cpu_remove},
	{"cpupool-create", "[FILE] [KEY=VALUE...]", "Create a CPU pool",
	 pool_options, 0, -1, cmd_cpupool_create},
	{"cpupool-destroy", "POOL", "End a CPU pool", NULL, 1, 1,
	 cmd_cpupool_destroy},
	{"cpupool-list", "[POOL]", "List the CPU pools", pool_list_options, 0,
	 1, cmd_cpupool_list},
	{"cpupool-migrate", "DOMAIN POOL", "Move a domain to a CPU pool", NULL,
	 2, 2, cmd_cpupool_migrate},
	{"cpupool-numa-split", "", "Make a CPU pool for each node", NULL, 0, 0,
	 cmd_cpupool_numa_split},
	{"cpupool-rename", "POOL NAME", "Give a CPU pool another name", NULL,
	 2, 2, cmd_cpupool_rename},
	{"create", "FILE [KEY=VALUE...]", "Create a guest, and start it",
	 create_options, 1, -1, cmd_create},
	{"debug-keys", "KEYS", "Press debug keys of the hypervisor", NULL, 1, 1,
	 cmd_debug_keys},
	{"destroy", "DOMAIN...", "End domains at once", NULL, 1, -1,
	 cmd_destroy},
	{"dmesg", "", "Show what the hypervisor has said", dmesg_options, 0, 0,
	 cmd_dmesg},
	{"domid", "NAME", "Show the id of a domain", NULL, 1, 1, cmd_domid},
	{"domname", "DOMID", "Show the name of a domain", NULL, 1, 1,
	 cmd_domname},
	{"exporter", "", EXPORTER_SUMMARY, exporter_options, 0, 0,
	 cmd_exporter},
	{"help", "[COMMAND]", "List the commands, or explain one", help_options,
	 0, 1,
	 cmd_help},
	{"info", "", "Show the host", info_options, 0, 0, cmd_info},
	{"list", "[DOMAIN...]", "List the domains", list_options, 0, -1,
	 cmd_list},
	{"mem-max", "DOMAIN SIZE", "Limit the memory of a guest", NULL, 2, 2,
	 cmd_mem_max},
	{"mem-set", "DOMAIN SIZE", "Ask a guest to have less or more memory",
	 NULL, 2, 2, cmd_mem_set},
	{"network-attach", "DOMAIN [VIF...]",
	 "Give a guest another network interface", NULL, 1, -1,
	 cmd_network_attach},
	{"network-detach", "DOMAIN NUMBER|MAC",
	 "Take a network interface away from a guest", detach_options, 2, 2,
	 cmd_network_detach},
	{"network-list", "DOMAIN...", "List the network interfaces of guests",
	 json_only, 1, -1, cmd_network_list},
	{"pause", "DOMAIN...", "Stop domains for a while", NULL, 1, -1,
	 cmd_pause},
	{"reboot", "[DOMAIN...]", "Ask guests to start again",
	 shutdown_options, 0, -1, cmd_reboot},
	{"rename", "DOMAIN NAME", "Give a domain another name", NULL, 2, 2,
	 cmd_rename},
	{"sched-credit2", "", "Show or set the shares of domains",
	 sched_options, 0, 0, cmd_sched_credit2},
	{"shutdown", "[DOMAIN...]", "Ask guests to shut down",
	 shutdown_options, 0, -1, cmd_shutdown},
	{"sysrq", "DOMAIN KEY", "Press a system request key of a guest", NULL,
	 2, 2, cmd_sysrq},
	{"top", "", TOP_SUMMARY, top_options, 0, 0, cmd_top},
	{"trigger", "DOMAIN nmi|reset|init|power|sleep [VCPU]",
	 "Send a trigger to a guest", NULL, 2, 3, cmd_trigger},
	{"unpause", "DOMAIN...", "Let paused domains go on", NULL, 1, -1,
	 cmd_unpause},
	{"uptime", "[DOMAIN...]", "Show since when domains are there",
	 uptime_options, 0, -1, cmd_uptime},
	{"vcpu-list", "[DOMAIN...]", "List the vCPUs of domains", json_only, 0,
	 -1, cmd_vcpu_list},
	{"vcpu-pin", "DOMAIN VCPU|all HARD|- [SOFT|-]",
	 "Choose the CPUs that vCPUs run on", pin_options, 3, 4, cmd_vcpu_pin},
	{"vcpu-set", "DOMAIN NUMBER", "Ask a guest to use so many vCPUs", NULL,
	 2, 2, cmd_vcpu_set},
};
const size_t cli_nr_commands = sizeof(cli_commands) / sizeof(cli_commands[0]);

int cmd_exporter(const struct cli_options *o, int argc, char **argv)
{
	return cli_run_program("lodge-exporter", exporter_options, o);
}

int cmd_top(const struct cli_options *o, int argc, char **argv)
{
	return cli_run_program("lodge-top", top_options, o);
}
