/* SPDX-License-Identifier: MIT */
/*
 * manual.c - the table of commands as a manual page, and for bash
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* ---- lodge(1) ----------------------------------------------------------- */

static const char man_head[] =
	".\\\" SPDX-License-Identifier: MIT\n"
	".TH LODGE 1 \"\" Lodge \"User commands\"\n"
	".SH NAME\n"
	"lodge \\- creates, shows, changes and ends Xen guests\n"
	".SH SYNOPSIS\n"
	".B lodge\n"
	".I COMMAND\n"
	".RI [ OPTIONS ]\\ [ ARGUMENTS ]\n"
	".SH DESCRIPTION\n"
	"Has the names, options and output of\n"
	".BR xl (1),\n"
	"and runs under that name. A\n"
	".I DOMAIN\n"
	"is a name or a number, and so is a\n"
	".IR POOL .\n"
	"Configurations are those of\n"
	".BR xl.cfg (5);\n"
	"where they differ says\n"
	".BR lodge.cfg (5).\n"
	"What fails is told in one line: the cause, in brackets what it led\n"
	"to, and what to do where that is known.\n"
	".SH COMMANDS\n";

static const char man_tail[] =
	".SH EXIT STATUS\n"
	"0, 1 for what failed, 2 for a command line that is wrong.\n"
	".SH FILES\n"
	".TP\n"
	".I /run/lodge-consoled/DOMID\n"
	"where\n"
	".BR lodge-consoled (8)\n"
	"serves a guest's console\n"
	".SH SEE ALSO\n"
	".BR lodge.cfg (5),\n"
	".BR lodge-consoled (8),\n"
	".BR xl (1),\n"
	".BR xlcpupool.cfg (5)\n";

/* Hyphens that are to be copied; no line begins with a dot. */
static void man_text(const char *text)
{
	for (; *text; text++)
		if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
}

static void man_option(const struct cli_option *o)
{
	puts(".RS\n.TP");
	fputs("\\fB", stdout);
	if (cli_has_letter(o))
		printf("\\-%c", o->letter);
	if (cli_has_letter(o) && o->name)
		fputs("\\fR, \\fB", stdout);
	if (o->name) {
		fputs("\\-\\-", stdout);
		man_text(o->name);
	}
	printf("\\fR");
	if (o->argument) {
		fputs(" \\fI", stdout);
		man_text(o->argument);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	man_text(o->help);
	puts("\n.RE");
}

static void man_command(const struct cli_command *c)
{
	const struct cli_option *o;

	fputs(".TP\n\\fB", stdout);
	man_text(c->name);
	printf("\\fR%s", c->options ? " [\\fIOPTIONS\\fR]" : "");
	if (*c->arguments) {
		fputs(" \\fI", stdout);
		man_text(c->arguments);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	man_text(c->summary);
	puts(".");
	for (o = c->options; o && o->letter; o++)
		man_option(o);
}

int cli_show_manual(void)
{
	size_t i;

	fputs(man_head, stdout);
	for (i = 0; i < cli_nr_commands; i++)
		man_command(&cli_commands[i]);
	fputs(man_tail, stdout);
	return CLI_DONE;
}

/* ---- bash --------------------------------------------------------------- */

static const char bash_head[] =
	"# SPDX-License-Identifier: MIT\n"
	"# Completes command lines of lodge; made by lodge help --bash.\n"
	"\n"
	"# What an argument is called in the usage, as the words it can be\n"
	"_lodge_kind() {\n"
	"\tcase $1 in\n"
	"\tDOMAIN*) lodge list 2>/dev/null | tail -n +2 |\n"
	"\t\tsed -E 's/ +[0-9]+ +[0-9]+ +[0-9]+[[:space:]].*//' ;;\n"
	"\tPOOL*) lodge cpupool-list 2>/dev/null | tail -n +2 |\n"
	"\t\tsed -E 's/ +[0-9]+ +[a-z0-9]+ +y +[0-9]+$//' ;;\n"
	"\tFILE*|DISK*) compgen -f -- \"$2\" ;;\n"
	"\tCOMMAND*) printf '%s\\n' $_lodge_commands ;;\n"
	"\t*[A-Z]*) ;;\n"
	"\t*'|'*) printf '%s\\n' ${1//|/ } ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"# $1: the command; sets options, and the arguments by position\n"
	"_lodge_command() {\n"
	"\tcase $1 in\n";

static const char bash_tail[] =
	"\tesac\n"
	"}\n"
	"\n"
	"_lodge() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} options= words i n=0\n"
	"\tlocal -a arguments=()\n"
	"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	"\t\twords=$(printf '%s\\n' $_lodge_commands)\n"
	"\telse\n"
	"\t\t_lodge_command \"${COMP_WORDS[1]}\"\n"
	"\t\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	"\t\t\t[[ ${COMP_WORDS[i]} == -* ]] || n=$((n + 1))\n"
	"\t\tdone\n"
	"\t\ti=$((${#arguments[@]} - 1))\n"
	"\t\tif [[ $cur == -* ]]; then\n"
	"\t\t\twords=$(printf '%s\\n' $options)\n"
	"\t\telif ((i >= 0 && n <= i)); then\n"
	"\t\t\twords=$(_lodge_kind \"${arguments[n]}\" \"$cur\")\n"
	"\t\telif ((i >= 0)) && [[ ${arguments[i]} == *...* ]]; then\n"
	"\t\t\twords=$(_lodge_kind \"${arguments[i]}\" \"$cur\")\n"
	"\t\tfi\n"
	"\tfi\n"
	"\tlocal IFS=$'\\n'\n"
	"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"}\n"
	"complete -o filenames -F _lodge lodge\n";

/* The names in the usage, without brackets, each in quotes. */
static void bash_arguments(const char *text)
{
	fputs(*text ? "arguments=('" : "arguments=(", stdout);
	for (; *text; text++) {
		if (*text == ' ')
			fputs("' '", stdout);
		else if (*text != '[' && *text != ']')
			putchar(*text);
		if (!text[1])
			putchar('\'');
	}
	fputs(")", stdout);
}

static void bash_command(const struct cli_command *c)
{
	const struct cli_option *o;
	const char *space = "";

	printf("\t%s)\n\t\toptions='", c->name);
	for (o = c->options; o && o->letter; o++) {
		if (cli_has_letter(o))
			printf("%s-%c", space, o->letter);
		if (cli_has_letter(o) && o->name)
			putchar(' ');
		if (o->name)
			printf("%s--%s", cli_has_letter(o) ? "" : space,
			       o->name);
		space = " ";
	}
	printf("'\n\t\t");
	bash_arguments(c->arguments);
	puts(" ;;");
}

int cli_show_completion(void)
{
	size_t i;

	fputs(bash_head, stdout);
	for (i = 0; i < cli_nr_commands; i++)
		bash_command(&cli_commands[i]);
	fputs(bash_tail, stdout);
	fputs("_lodge_commands='", stdout);
	for (i = 0; i < cli_nr_commands; i++)
		printf("%s%s", i ? " " : "", cli_commands[i].name);
	puts("'");
	return CLI_DONE;
}
