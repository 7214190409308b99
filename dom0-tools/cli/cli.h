/* SPDX-License-Identifier: MIT */
/*
 * cli.h - the tool: one program, one row of a table for each command
 */
#ifndef LODGE_CLI_H
#define LODGE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "liblodge.h"

/* Exit status, as scripts see it. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* An option of a command. */
struct cli_option {
	char letter;		/* 0: the end of an array */
	const char *name;	/* behind "--"; NULL: there is only the letter */
	const char *argument;	/* for people: "DOMAIN"; NULL: it takes none */
	const char *help;
};

/* These have no letter of their own. */
#define CLI_JSON 'j'
#define CLI_MAN	 '\001'
#define CLI_BASH '\002'

static inline bool cli_has_letter(const struct cli_option *o)
{
	return o->letter != CLI_JSON && o->letter >= ' ';
}

/* What was said on the command line: a set of letters, and what is behind. */
struct cli_options {
	bool has[128];
	const char *value[128];
};

struct cli_command {
	const char *name;
	const char *arguments;	/* for people: "FILE [KEY=VALUE...]" */
	const char *summary;
	const struct cli_option *options;	/* NULL: none */
	int least, most;	/* arguments; most < 0: any number */
	int (*run)(const struct cli_options *o, int argc, char **argv);
};

/* ---- options.c ---------------------------------------------------------- */
void cli_usage(FILE *out, const struct cli_command *c);
/* To standard output. Returns CLI_DONE. */
int cli_explain(const struct cli_command *c);
/* Runs a command, if what is behind argv[0] is right for it. Exit status */
int cli_run(const struct cli_command *c, int argc, char **argv);
/* The exit status of who ends with @status; CLI_FAILED: output was lost */
int cli_finish(int status);

extern const struct cli_command cli_commands[];
extern const size_t cli_nr_commands;

int cmd_block_attach(const struct cli_options *o, int argc, char **argv);
int cmd_block_detach(const struct cli_options *o, int argc, char **argv);
int cmd_block_list(const struct cli_options *o, int argc, char **argv);
int cmd_button_press(const struct cli_options *o, int argc, char **argv);
int cmd_check(const struct cli_options *o, int argc, char **argv);
int cmd_claims(const struct cli_options *o, int argc, char **argv);
int cmd_config_update(const struct cli_options *o, int argc, char **argv);
int cmd_console(const struct cli_options *o, int argc, char **argv);
int cmd_cpupool_cpu_add(const struct cli_options *o, int argc, char **argv);
int cmd_cpupool_cpu_remove(const struct cli_options *o, int argc, char **argv);
int cmd_cpupool_create(const struct cli_options *o, int argc, char **argv);
int cmd_cpupool_destroy(const struct cli_options *o, int argc, char **argv);
int cmd_cpupool_list(const struct cli_options *o, int argc, char **argv);
int cmd_cpupool_migrate(const struct cli_options *o, int argc, char **argv);
int cmd_cpupool_numa_split(const struct cli_options *o, int argc, char **argv);
int cmd_cpupool_rename(const struct cli_options *o, int argc, char **argv);
int cmd_create(const struct cli_options *o, int argc, char **argv);
int cmd_debug_keys(const struct cli_options *o, int argc, char **argv);
int cmd_destroy(const struct cli_options *o, int argc, char **argv);
int cmd_dmesg(const struct cli_options *o, int argc, char **argv);
int cmd_domid(const struct cli_options *o, int argc, char **argv);
int cmd_domname(const struct cli_options *o, int argc, char **argv);
int cmd_exporter(const struct cli_options *o, int argc, char **argv);
int cmd_help(const struct cli_options *o, int argc, char **argv);
int cmd_info(const struct cli_options *o, int argc, char **argv);
int cmd_list(const struct cli_options *o, int argc, char **argv);
int cmd_network_attach(const struct cli_options *o, int argc, char **argv);
int cmd_network_detach(const struct cli_options *o, int argc, char **argv);
int cmd_network_list(const struct cli_options *o, int argc, char **argv);
int cmd_pause(const struct cli_options *o, int argc, char **argv);
int cmd_unpause(const struct cli_options *o, int argc, char **argv);
int cmd_mem_max(const struct cli_options *o, int argc, char **argv);
int cmd_mem_set(const struct cli_options *o, int argc, char **argv);
int cmd_reboot(const struct cli_options *o, int argc, char **argv);
int cmd_rename(const struct cli_options *o, int argc, char **argv);
int cmd_sched_credit2(const struct cli_options *o, int argc, char **argv);
int cmd_shutdown(const struct cli_options *o, int argc, char **argv);
int cmd_sysrq(const struct cli_options *o, int argc, char **argv);
int cmd_top(const struct cli_options *o, int argc, char **argv);
int cmd_trigger(const struct cli_options *o, int argc, char **argv);
int cmd_uptime(const struct cli_options *o, int argc, char **argv);
int cmd_vcpu_pin(const struct cli_options *o, int argc, char **argv);
int cmd_vcpu_set(const struct cli_options *o, int argc, char **argv);
int cmd_vcpu_list(const struct cli_options *o, int argc, char **argv);

/* ---- report.c: for all commands ----------------------------------------- */
/* NULL: there is no memory, which was said. */
struct lodge *cli_open(void);
/* Says why the last call failed, the cause first. Returns CLI_FAILED. */
int cli_failed(const struct lodge *l);
/* The domids of those named, to be free()d; NULL: it was said why not. */
unsigned int *cli_find_domains(struct lodge *l, int argc, char **argv);

/* ---- manual.c: the table of commands in other words --------------------- */
int cli_show_manual(void);
int cli_show_completion(void);

/* ---- console.c ---------------------------------------------------------- */
/*
 * This terminal is the guest's until ^] is typed, or the domain has gone.
 * Returns the exit status; what is wrong was said.
 */
int cli_console(struct lodge *l, unsigned int domid,
		enum lodge_console_type type, unsigned int number);
/* The same, and it ends as well when the guest has shut down. */
int cli_console_of_new(struct lodge *l, unsigned int domid);

/* ---- program.c ---------------------------------------------------------- */
/* Does not return if the program could be run. Else CLI_FAILED; it was said. */
int cli_run_program(const char *name, const struct cli_option *options,
		    const struct cli_options *o);

/* ---- topology.c --------------------------------------------------------- */
struct lodge_topology;

void cli_show_topology(const struct lodge_topology *t);

/* ---- domain_text.c ------------------------------------------------------ */
#define CLI_STATES 5

struct cli_state {
	unsigned int flag;	/* of enum lodge_domain_flags */
	const char *name;
};
extern const struct cli_state cli_states[CLI_STATES];

/* "00000000-0000-0000-0000-000000000000", until the next call */
const char *cli_uuid_text(const uint8_t uuid[16]);

/* ---- vcpu_list.c -------------------------------------------------------- */

bool cli_bit(const uint8_t *map, unsigned int n);
/* "all", "0,2-3", "none" */
void cli_show_map(const uint8_t *map, unsigned int bits);

/* ---- config.c: for what takes a configuration --------------------------- */
typedef int cli_config_read(struct lodge_config **out,
			    const struct lodge_source *sources, size_t nr);
/*
 * To be given to lodge_config_free(); NULL: there is no memory, as was said.
 * @first: what overrides follow; NULL: there is only the command line
 */
struct lodge_config *cli_read_texts(const struct lodge_source *first, int argc,
				    char **argv, cli_config_read *read);
/* The same of a guest, with the files that it names. */
struct lodge_config *cli_read_config(const struct lodge_source *first, int argc,
				     char **argv);
void cli_show_findings(FILE *out, const struct lodge_config *config);

#endif
