/* SPDX-License-Identifier: MIT */
/*
 * test_top_model.c - lodge top: differences, rates, history, order, scales
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "columns.h"
#include "fake_sample.h"
#include "graph.h"
#include "text.h"

static void near(double value, double wanted)
{
	if (fabs(value - wanted) > 1e-6 * (1 + fabs(wanted)))
		fail_msg("%.9g is not %.9g", value, wanted);
}

static void add(struct top_model *m, struct lodge_sample *s)
{
	assert_int_equal(top_model_update(m, s), 0);
}

/* ---- counters ----------------------------------------------------------- */

static void count_goes_on(void **state)
{
	assert_int_equal(top_count(0, 0), 0);
	assert_int_equal(top_count(5, 12), 7);
	assert_int_equal(top_count(0, UINT64_MAX / 2), UINT64_MAX / 2);
}

static void count_passes_its_end(void **state)
{
	assert_int_equal(top_count(UINT64_MAX, 0), 1);
	assert_int_equal(top_count(UINT64_MAX - 9, 20), 30);
}

static void count_begins_anew(void **state)
{
	assert_int_equal(top_count(1000000, 30), 30);
	assert_int_equal(top_count(1, 0), 0);
}

/* ---- rates -------------------------------------------------------------- */

static void first_look_has_no_rates(void **state)
{
	struct top_model m = {0};
	struct lodge_sample *s = fake_sample(100);

	fake_vif(fake_domain(s, 1, "a", 1, 50), 0, 1000, 1000);
	add(&m, s);
	assert_int_equal(m.nr, 1);
	assert_true(m.interval_s == 0);
	assert_true(m.domains[0].rates.cpu_percent == 0);
	assert_int_equal(m.domains[0].history[TOP_CPU].nr, 0);
	top_model_free(&m);
}

static struct lodge_sample *busy(double at_s, double cpu_s, uint64_t bytes,
				 uint64_t sectors)
{
	struct lodge_sample *s = fake_sample(at_s);
	struct lodge_sample_domain *d = fake_domain(s, 1, "a", 1, cpu_s);

	fake_vif(d, 0, bytes, 2 * bytes);
	fake_vbd(d, 51712, sectors, 4 * sectors);
	return s;
}

static void rates_are_by_the_second(void **state)
{
	const struct top_rates *r;
	struct top_model m = {0};
	double value;

	add(&m, busy(100, 10, 5000, 800));
	add(&m, busy(104, 12, 9000, 1600));
	r = &m.domains[0].rates;
	near(m.interval_s, 4);
	near(r->cpu_percent, 50);
	near(r->sent, 1000);
	near(r->received, 2000);
	near(r->read, 800 * 512 / 4.0);
	near(r->written, 3200 * 512 / 4.0);
	near(r->reads, 25);
	near(r->writes, 100);
	assert_true(top_history_at(&m.domains[0].history[TOP_CPU], 0, &value));
	near(value, 50);
	assert_true(top_history_at(&m.domains[0].history[TOP_NET], 0, &value));
	near(value, 3000);
	top_model_free(&m);
}

/* A device that came, went or came anew is no burst. */
static void devices_come_and_go(void **state)
{
	struct top_model m = {0};
	struct lodge_sample *s = fake_sample(1);
	struct lodge_sample_domain *d = fake_domain(s, 1, "a", 1, 1);

	fake_vif(d, 0, 1 << 30, 0);
	fake_vif(d, 1, 100, 0);
	add(&m, s);
	s = fake_sample(2);
	d = fake_domain(s, 1, "a", 1, 1);
	fake_vif(d, 1, 150, 0);
	fake_vif(d, 2, 1 << 30, 0);
	add(&m, s);
	near(m.domains[0].rates.sent, 50);
	s = fake_sample(3);
	fake_vif(fake_domain(s, 1, "a", 1, 1), 1, 7, 0);
	add(&m, s);
	near(m.domains[0].rates.sent, 7);
	top_model_free(&m);
}

static void waits_are_counted(void **state)
{
	struct top_model m = {0};
	struct lodge_sample *s = fake_sample(1);
	struct lodge_sample_domain *d = fake_domain(s, 0, "Domain-0", 0, 1);

	d->vcpus[0].waited_ns = 1000;
	d->vcpus[1].waited_ns = 2000000000;
	add(&m, s);
	s = fake_sample(3);
	d = fake_domain(s, 0, "Domain-0", 0, 1);
	d->vcpus[0].waited_ns = 500001000;
	d->vcpus[1].waited_ns = 2100000000;
	add(&m, s);
	assert_true(m.domains[0].rates.wait_counted);
	near(m.domains[0].rates.wait_percent, 30);
	top_model_free(&m);
}

static void waits_are_seen(void **state)
{
	struct top_model m = {0};
	struct lodge_sample *s;
	int i;

	for (i = 0; i < 3; i++) {
		s = fake_sample(i);
		fake_domain(s, 1, "a", 1, 1)->vcpus[1].blocked = i == 0;
		if (i == 2)
			s->domains[0].info.flags = LODGE_PAUSED;
		add(&m, s);
		assert_false(m.domains[0].rates.wait_counted);
		/* One of the two looks each time: of a paused one none. */
		near(m.domains[0].rates.wait_percent, i ? 50 : 0);
	}
	top_model_free(&m);
}

/* ---- who is who --------------------------------------------------------- */

static void another_of_the_number(void **state)
{
	struct top_model m = {0};
	struct lodge_sample *s;
	int i;

	for (i = 0; i < 3; i++) {
		s = fake_sample(i);
		fake_domain(s, 7, "a", i < 2 ? 1 : 2, 10 + i);
		add(&m, s);
		assert_int_equal(m.domains[0].history[TOP_CPU].nr, i == 1);
	}
	assert_true(m.domains[0].rates.cpu_percent == 0);
	top_model_free(&m);
}

/* Made again from the same configuration: its clock tells. */
static void another_of_the_uuid(void **state)
{
	struct top_model m = {0};
	struct lodge_sample *s = fake_sample(0);

	fake_domain(s, 7, "a", 1, 10);
	add(&m, s);
	s = fake_sample(1);
	fake_domain(s, 7, "a", 1, 2);
	add(&m, s);
	assert_int_equal(m.domains[0].history[TOP_CPU].nr, 0);
	top_model_free(&m);
}

static void others_come_between(void **state)
{
	struct top_model m = {0};
	struct lodge_sample *s = fake_sample(0);

	fake_domain(s, 2, "b", 2, 10);
	add(&m, s);
	s = fake_sample(1);
	fake_domain(s, 1, "a", 1, 5);
	fake_domain(s, 2, "b", 2, 11);
	add(&m, s);
	assert_int_equal(m.domains[0].history[TOP_CPU].nr, 0);
	near(m.domains[1].rates.cpu_percent, 100);
	top_model_free(&m);
}

/* No time has passed: there is nothing to divide by. */
static void same_moment(void **state)
{
	struct top_model m = {0};
	int i;

	for (i = 0; i < 2; i++)
		add(&m, busy(5, 10 + i, 100, 100));
	assert_true(m.domains[0].rates.cpu_percent == 0);
	top_model_free(&m);
}

static void history_is_a_ring(void **state)
{
	struct top_model m = {0};
	const struct top_history *h;
	double cpu_s = 0, value;
	int i;

	for (i = 0; i <= TOP_POINTS + 10; i++) {
		struct lodge_sample *s = fake_sample(i);

		cpu_s += i == 3 ? 1.9 : i / 1000.0;
		fake_domain(s, 1, "a", 1, cpu_s);
		add(&m, s);
	}
	h = &m.domains[0].history[TOP_CPU];
	assert_int_equal(h->nr, TOP_POINTS);
	for (i = 0; i < TOP_POINTS; i++) {
		assert_true(top_history_at(h, (unsigned int)i, &value));
		assert_true(fabs(value - (TOP_POINTS + 10 - i) / 10.0) < 0.01);
	}
	assert_false(top_history_at(h, TOP_POINTS, &value));
	/* The large one is forgotten. */
	assert_true(top_history_most(h, TOP_POINTS) < 60);
	assert_true(fabs(top_history_most(h, 1) - 52.2) < 0.01);
	top_model_free(&m);
}

/* ---- columns ------------------------------------------------------------ */

static void limits_and_shares(void **state)
{
	struct lodge_usage u = {5, 10};
	struct lodge_sample *s = fake_sample(0);
	struct lodge_sample_domain *d = fake_domain(s, 1, "a", 1, 1);

	near(column_share(&u), 0.5);
	u.limit = 0;
	assert_true(isnan(column_share(&u)));
	u = (struct lodge_usage){LODGE_UNKNOWN, LODGE_UNKNOWN};
	assert_true(isnan(column_share(&u)));
	near(column_store_share(d), 0.04);
	d->store[LODGE_STORE_WATCHES] = (struct lodge_usage){128, 128};
	near(column_store_share(d), 1);
	d->store[LODGE_STORE_NODES] = u;
	near(column_store_share(d), 1);
	assert_int_equal(top_max_memory(d), 131072);
	d->info.max_memory_kib = (uint64_t)UINT32_MAX * 4;
	assert_true(top_max_memory(d) == LODGE_UNKNOWN);
	d->info.max_memory_kib = UINT64_MAX << 2;
	assert_true(top_max_memory(d) == LODGE_UNKNOWN);
	lodge_sample_free(s);
}

static void sizes(void **state)
{
	static const struct {
		double bytes;
		const char *text;
	} cases[] = {
		{0, "0B"}, {999, "999B"}, {1000, "1.0K"}, {1536, "1.5K"},
		{102400, "100K"}, {1023 * 1024, "1.0M"}, {1e12, "931G"},
		{1e30, "867361737988E"},
	};
	char text[32];
	size_t i;

	for (i = 0; i + 1 < sizeof(cases) / sizeof(cases[0]); i++) {
		column_size_text(text, sizeof(text), cases[i].bytes);
		assert_string_equal(text, cases[i].text);
	}
}

static void order(void **state)
{
	struct top_model m = {0};
	struct lodge_sample *s = fake_sample(0);
	const struct top_domain *a, *b, *c;

	fake_domain(s, 1, "b", 1, 5);
	fake_domain(s, 2, "a", 2, 50);
	fake_domain(s, 3, NULL, 3, 5)->grant_frames.used = LODGE_UNKNOWN;
	add(&m, s);
	a = &m.domains[0];
	b = &m.domains[1];
	c = &m.domains[2];
	assert_true(column_compare(COL_NAME, &m, a, b) > 0);
	assert_true(column_compare(COL_NAME, &m, c, b) < 0);
	assert_true(column_compare(COL_CPU_S, &m, a, b) > 0);
	/* Equal: by number. Unknown: last. */
	assert_true(column_compare(COL_CPU_S, &m, a, c) < 0);
	assert_true(column_compare(COL_GRANTS, &m, a, c) < 0);
	assert_true(column_compare(COL_GRANTS, &m, c, a) > 0);
	top_model_free(&m);
}

/* ---- graphs ------------------------------------------------------------- */

static void scales(void **state)
{
	near(graph_round_bytes(0), 1024);
	near(graph_round_bytes(1025), 2048);
	near(graph_round_bytes(3 * 1024), 5 * 1024);
	near(graph_round_bytes(900 * 1024), 1000 * 1024);
	near(graph_round_bytes(1020 * 1024), 1024 * 1024);
	near(graph_round_bytes(1e9), 1024.0 * 1024 * 1000);
}

static uint32_t at(const struct screen *s, int row, int col)
{
	return s->cells[row * s->cols + col].c;
}

static void heights(void **state)
{
	struct top_history h = {.nr = 4, .next = 4,
				.points = {100, 0.01f, 50, 1000}};
	struct place p = {1, 2, 2, 5};
	struct screen s;

	assert_int_equal(screen_make(&s, 4, 10, true), 0);
	graph_history(&s, &p, &h, 100, LOOK_GREEN);
	/* Full and more than full; a little is not nothing; half; none. */
	assert_int_equal(at(&s, 1, 6), 0x2588);
	assert_int_equal(at(&s, 2, 6), 0x2588);
	assert_int_equal(at(&s, 1, 5), ' ');
	assert_int_equal(at(&s, 2, 5), 0x2588);
	assert_int_equal(at(&s, 2, 4), 0x2581);
	assert_int_equal(at(&s, 1, 3), 0x2588);
	assert_int_equal(at(&s, 2, 2), ' ');
	assert_int_equal(at(&s, 0, 6), ' ');
	assert_int_equal(at(&s, 3, 6), ' ');
	screen_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count_goes_on),
		cmocka_unit_test(count_passes_its_end),
		cmocka_unit_test(count_begins_anew),
		cmocka_unit_test(first_look_has_no_rates),
		cmocka_unit_test(rates_are_by_the_second),
		cmocka_unit_test(devices_come_and_go),
		cmocka_unit_test(waits_are_counted),
		cmocka_unit_test(waits_are_seen),
		cmocka_unit_test(another_of_the_number),
		cmocka_unit_test(another_of_the_uuid),
		cmocka_unit_test(others_come_between),
		cmocka_unit_test(same_moment),
		cmocka_unit_test(history_is_a_ring),
		cmocka_unit_test(limits_and_shares),
		cmocka_unit_test(sizes),
		cmocka_unit_test(order),
		cmocka_unit_test(scales),
		cmocka_unit_test(heights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
