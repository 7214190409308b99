/* SPDX-License-Identifier: MIT */
/*
 * devices.c - disks and networks of guests: come, go, and are listed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "liblodge.h"

/* ---- coming ------------------------------------------------------------- */

/* "phy:/dev/sdb xvdb w", as xl takes it: the words of one specification */
static char *join(int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i;

	if (!out)
		return NULL;
	for (i = 0; i < argc; i++)
		fprintf(out, "%s%s", i ? "," : "", argv[i]);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* NULL: it was said what is wrong. */
static struct lodge_config *read_spec(enum lodge_device_kind kind, int argc,
				      char **argv)
{
	char *spec = join(argc, argv);
	struct lodge_config *config;

	if (!spec || lodge_config_read_device(&config, kind, spec)) {
		free(spec);
		fputs("lodge: there is no memory\n", stderr);
		return NULL;
	}
	free(spec);
	cli_show_findings(stderr, config);
	if (lodge_config_domain(config))
		return config;
	lodge_config_free(config);
	return NULL;
}

static int attach(enum lodge_device_kind kind, int argc, char **argv)
{
	struct lodge_config *config = read_spec(kind, argc - 1, argv + 1);
	const struct lodge_domain_config *d;
	struct lodge *l;
	unsigned int domid;
	int status = CLI_DONE;

	if (!config)
		return CLI_FAILED;
	d = lodge_config_domain(config);
	l = cli_open();
	if (!l)
		status = CLI_FAILED;
	else if (lodge_domain_find(l, argv[0], &domid) ||
		 (kind == LODGE_VBD ? lodge_disk_attach(l, domid, d->disks)
				    : lodge_vif_attach(l, domid, d->vifs)))
		status = cli_failed(l);
	lodge_close(l);
	lodge_config_free(config);
	return status;
}

int cmd_block_attach(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	return attach(LODGE_VBD, argc, argv);
}

int cmd_network_attach(const struct cli_options *o, int argc, char **argv)
{
	(void)o;
	return attach(LODGE_VIF, argc, argv);
}

/* ---- going -------------------------------------------------------------- */

/* By the number, or by the name or address that a person knows. */
static bool is_meant(const struct lodge_device *d, const char *what)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", d->devid);
	return !strcmp(what, number) || (d->vdev && !strcmp(what, d->vdev)) ||
	       (d->mac && !strcasecmp(what, d->mac));
}

static int find(struct lodge *l, unsigned int domid,
		enum lodge_device_kind kind, const char *what,
		unsigned int *devid)
{
	struct lodge_device *list;
	size_t nr, i;

	if (lodge_devices(l, domid, kind, &list, &nr))
		return cli_failed(l);
	for (i = 0; i < nr && !is_meant(&list[i], what); i++)
		;
	if (i < nr)
		*devid = list[i].devid;
	else
		fprintf(stderr, "lodge: domain %u has no %s \"%s\"\n", domid,
			kind == LODGE_VBD ? "disk" : "network interface", what);
	lodge_devices_free(list, nr);
	return i < nr ? CLI_DONE : CLI_FAILED;
}

static int detach(enum lodge_device_kind kind, char **argv, bool force)
{
	struct lodge *l = cli_open();
	unsigned int domid, devid = 0;
	int status;

	if (!l)
		return CLI_FAILED;
	status = lodge_domain_find(l, argv[0], &domid) ? cli_failed(l)
						       : CLI_DONE;
	if (!status)
		status = find(l, domid, kind, argv[1], &devid);
	if (!status && lodge_device_detach(l, domid, kind, devid, force))
		status = cli_failed(l);
	lodge_close(l);
	return status;
}

int cmd_block_detach(const struct cli_options *o, int argc, char **argv)
{
	(void)argc;
	return detach(LODGE_VBD, argv, o->has['f']);
}

int cmd_network_detach(const struct cli_options *o, int argc, char **argv)
{
	(void)argc;
	return detach(LODGE_VIF, argv, o->has['f']);
}

/* ---- lists -------------------------------------------------------------- */

static void show_disk(unsigned int domid, const struct lodge_device *d)
{
	printf("%-5u %-3u %-6u %-5d %-6d %-8d %-30s\n", d->devid,
	       d->backend_domid, domid, d->state, d->event_channel,
	       d->ring_ref, d->backend);
}

static void show_vif(unsigned int domid, const struct lodge_device *d)
{
	(void)domid;
	printf("%-3u %-2u %-17s %5u %5d %6d %5d/%-11d %-30s\n", d->devid,
	       d->backend_domid, d->mac ? d->mac : "", d->devid, d->state,
	       d->event_channel, d->tx_ring_ref, d->rx_ring_ref, d->backend);
}

static void json_disk(yajl_gen g, const struct lodge_device *d)
{
	json_number(g, "ring_ref", (uint64_t)d->ring_ref);
	json_text(g, "vdev", d->vdev);
	json_text(g, "target", d->target);
	json_bool(g, "writable", d->mode && strchr(d->mode, 'w'));
}

static void json_vif(yajl_gen g, const struct lodge_device *d)
{
	json_number(g, "tx_ring_ref", (uint64_t)d->tx_ring_ref);
	json_number(g, "rx_ring_ref", (uint64_t)d->rx_ring_ref);
	json_text(g, "mac", d->mac);
	json_text(g, "bridge", d->bridge);
}

/* One kind of device: its table, and what JSON has beside that. */
static const struct {
	const char *head;
	void (*show)(unsigned int domid, const struct lodge_device *d);
	void (*json)(yajl_gen g, const struct lodge_device *d);
} kinds[] = {
	[LODGE_VBD] = {
		"Vdev  BE  handle state evt-ch ring-ref BE-path"
		"                       ",
		show_disk, json_disk,
	},
	[LODGE_VIF] = {
		"Idx BE Mac Addr.         handle state evt-ch   "
		"tx-/rx-ring-ref BE-path                       ",
		show_vif, json_vif,
	},
};

static void json_device(yajl_gen g, enum lodge_device_kind kind,
			unsigned int domid, const struct lodge_device *d)
{
	yajl_gen_map_open(g);
	json_number(g, "domid", domid);
	json_number(g, "devid", d->devid);
	json_number(g, "backend_domid", d->backend_domid);
	json_text(g, "backend", d->backend);
	json_number(g, "state", (uint64_t)d->state);
	json_number(g, "event_channel", (uint64_t)d->event_channel);
	kinds[kind].json(g, d);
	yajl_gen_map_close(g);
}

static int list_one(struct lodge *l, yajl_gen g, enum lodge_device_kind kind,
		    const char *who)
{
	struct lodge_device *list;
	unsigned int domid;
	size_t nr, i;

	if (lodge_domain_find(l, who, &domid) ||
	    lodge_devices(l, domid, kind, &list, &nr))
		return cli_failed(l);
	for (i = 0; i < nr; i++)
		if (g)
			json_device(g, kind, domid, &list[i]);
		else
			kinds[kind].show(domid, &list[i]);
	lodge_devices_free(list, nr);
	return CLI_DONE;
}

/* One that there is not keeps no other from being shown. */
static int list_all(struct lodge *l, yajl_gen g, enum lodge_device_kind kind,
		    int argc, char **argv)
{
	int status = CLI_DONE, i;

	if (g)
		yajl_gen_array_open(g);
	else
		puts(kinds[kind].head);
	for (i = 0; i < argc; i++)
		if (list_one(l, g, kind, argv[i]))
			status = CLI_FAILED;
	if (!g)
		return status;
	yajl_gen_array_close(g);
	return json_end(g) ? status : CLI_FAILED;
}

static int list(enum lodge_device_kind kind, bool json, int argc, char **argv)
{
	yajl_gen g = json ? json_begin() : NULL;
	struct lodge *l = cli_open();
	int status = CLI_FAILED;

	if (l && (g || !json))
		status = list_all(l, g, kind, argc, argv);
	else if (g)
		yajl_gen_free(g);
	lodge_close(l);
	return status;
}

int cmd_block_list(const struct cli_options *o, int argc, char **argv)
{
	return list(LODGE_VBD, o->has[CLI_JSON], argc, argv);
}

int cmd_network_list(const struct cli_options *o, int argc, char **argv)
{
	return list(LODGE_VIF, o->has[CLI_JSON], argc, argv);
}
