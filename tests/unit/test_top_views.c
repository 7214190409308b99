/* SPDX-License-Identifier: MIT */
/*
 * test_top_views.c - lodge top: text, JSON, OpenMetrics of one and the same
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_sample.h"
#include "metrics.h"
#include "view.h"

/* A guest with a disk and a network, and Dom0 without a limit. */
static struct lodge_sample *world(double at_s, unsigned int more)
{
	struct lodge_sample *s = fake_sample(at_s);
	struct lodge_sample_domain *d;
	struct lodge_sample_vif *v;
	struct lodge_sample_vbd *b;

	d = fake_domain(s, 0, "Domain-0", 0, 26 + more);
	d->info.max_memory_kib = (uint64_t)UINT32_MAX << 2;
	d->target_kib = LODGE_UNKNOWN;
	d->vcpus[0].waited_ns = d->vcpus[1].waited_ns = 1234567890;
	d = fake_domain(s, 12, "web \"1\"\\", 7, 3661);
	v = fake_vif(d, 0, 5000 + more, 7000);
	v->tx_packets = 3;
	v->rx_packets = 4;
	v->rx_drops = 5;
	v->tx_errors = 6;
	b = fake_vbd(d, 51712, 4096, 800);
	b->out_of_requests = 9;
	return s;
}

static void look(struct top_model *m, double at_s, unsigned int more)
{
	assert_int_equal(top_model_update(m, world(at_s, more)), 0);
}

static char *text_of(const struct top_model *m, const struct top_shown *shown)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(view_text(out, m, shown), 0);
	fclose(out);
	return text;
}

static void text(void **state)
{
	const struct top_shown all = {.vcpus = true, .vifs = true, .vbds = true,
				      .repeat_titles = true};
	static const char titles[] =
		"      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  "
		"MAXMEM(k) MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   "
		"VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID\n";
	char wanted[2048], *got;
	struct top_model m = {0};

	look(&m, 1, 0);
	look(&m, 3, 1);
	got = text_of(&m, &all);
	snprintf(wanted, sizeof(wanted), "%s%s%s%s%s%s%s", titles,
		 "  Domain-0 --b---         27   50.0     131072   12.5   "
		 "no limit       n/a     2    0        0        0    0        "
		 "0        0        0          0          0    0\n",
		 "VCPUs(sec):   0:         13s  1:         13s\n", titles,
		 "  web \"1\"\\ --b---       3661    0.0     131072   12.5     "
		 "131072      12.5     2    1        6        4    1        "
		 "9      512      100       4096        800    0\n"
		 "VCPUs(sec):   0:       1830s  1:       1830s\n",
		 "Net0 RX:     5001bytes        4pkts        0err        5drop"
		 "  TX:     7000bytes        3pkts        6err        0drop\n",
		 "VBD BlkBack 51712 [ca: 0]  OO:        9   RD:      512   "
		 "WR:      100   RSECT:       4096   WSECT:        800\n");
	assert_string_equal(got, wanted);
	free(got);
	top_model_free(&m);
}

/* A name of more letters than columns, of more bytes than letters. */
static void names(void **state)
{
	const struct top_shown plain = {0}, full = {.full_names = true};
	static const char *const cut =
		"\n\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f" "5678 9 --b---";
	struct lodge_sample *s = fake_sample(1);
	struct top_model m = {0};
	char *got;

	fake_domain(s, 1, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f" "5678 9abc", 1, 1);
	fake_domain(s, 2, "\xc3\xa4\x1b[", 2, 1);
	assert_int_equal(top_model_update(&m, s), 0);
	got = text_of(&m, &plain);
	assert_non_null(strstr(got, cut));
	assert_non_null(strstr(got, "\n       \xc3\xa4\xef\xbf\xbd[ --b---"));
	free(got);
	got = text_of(&m, &full);
	assert_non_null(strstr(got, "5678 9abc --b---"));
	assert_memory_equal(got, "         NAME  STATE", 19);
	assert_non_null(strstr(got, "\n          \xc3\xa4\xef\xbf\xbd[ --b---"));
	free(got);
	top_model_free(&m);
}

static void dom0_first(void **state)
{
	const struct top_shown first = {.dom0_first = true,
					.full_names = true};
	struct lodge_sample *s = world(1, 0);
	struct top_model m = {0};
	char *got;

	fake_domain(s, 20, "another by name", 9, 1);
	assert_int_equal(top_model_update(&m, s), 0);
	got = text_of(&m, &first);
	assert_true(strstr(got, "Domain-0 ") < strstr(got, "another by"));
	free(got);
	got = text_of(&m, &(struct top_shown){.full_names = true});
	assert_true(strstr(got, "Domain-0 ") > strstr(got, "another by"));
	free(got);
	top_model_free(&m);
}

static void has(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("no \"%s\" in:\n%s", part, all);
}

static void json(void **state)
{
	struct top_model m = {0};
	char *got = NULL;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	look(&m, 1, 0);
	look(&m, 3, 100);
	assert_int_equal(view_json(out, &m), 0);
	fclose(out);
	assert_int_equal(strchr(got, '\n') - got, size - 1);
	has(got, "{\"interval_s\":2.000,");
	has(got, "\"name\":\"web \\\"1\\\"\\\\\"");
	has(got, "\"max_memory_kib\":null,\"target_kib\":null");
	has(got, "\"sent_bytes\":50.000,\"received_bytes\":0.000");
	has(got, "\"networks\":[{\"devid\":0,\"sent_bytes\":5100,"
		 "\"sent_packets\":4,\"sent_errors\":0,\"sent_drops\":5,"
		 "\"received_bytes\":7000,\"received_packets\":3,"
		 "\"received_errors\":6,\"received_drops\":0}]");
	has(got, "\"disks\":[{\"devid\":51712,\"reads\":512,\"writes\":100,"
		 "\"read_sectors\":4096,\"written_sectors\":800,"
		 "\"out_of_requests\":9}]");
	has(got, "\"watches\":{\"used\":10,\"limit\":1000}");
	has(got, "\"waited_ns\":1234567890");
	free(got);
	top_model_free(&m);
}

static void metrics(void **state)
{
	struct lodge_sample *s = world(1, 0);
	char *got = NULL;
	size_t size;
	FILE *out = open_memstream(&got, &size);

#define WEB "{domid=\"12\",name=\"web \\\"1\\\"\\\\\""
	metrics_write(out, s);
	fclose(out);
	has(got, "\nlodge_host_memory_bytes 1073741824\n");
	has(got, "\nlodge_domain_cpu_seconds_total" WEB "} 3661.000000000\n");
	has(got, "\nlodge_vif_receive_bytes_total" WEB ",vif=\"0\"} 7000\n");
	has(got, "\nlodge_vif_transmit_drops_total" WEB ",vif=\"0\"} 5\n");
	has(got, "\nlodge_vif_receive_errors_total" WEB ",vif=\"0\"} 6\n");
	has(got, "\nlodge_vbd_read_bytes_total" WEB
		 ",vbd=\"51712\"} 2097152\n");
	has(got, "\nlodge_vbd_written_bytes_total" WEB
		 ",vbd=\"51712\"} 409600\n");
	has(got, "\nlodge_domain_store_used" WEB
		 ",resource=\"memory\"} 40\n");
	has(got, "\nlodge_vcpu_wait_seconds_total{domid=\"0\","
		 "name=\"Domain-0\",vcpu=\"1\"} 1.234567890\n");
	/* No limit, nobody asked, nobody tells. */
	assert_null(strstr(got, "memory_max_bytes{domid=\"0\""));
	assert_null(strstr(got, "memory_target_bytes{domid=\"0\""));
	assert_null(strstr(got, "wait_seconds_total{domid=\"12\""));
	assert_string_equal(got + size - 7, "\n# EOF\n");
	free(got);
	lodge_sample_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(names),
		cmocka_unit_test(dom0_first),
		cmocka_unit_test(json),
		cmocka_unit_test(metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
