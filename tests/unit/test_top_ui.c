/* SPDX-License-Identifier: MIT */
/*
 * test_top_ui.c - lodge top: names, screens of all sizes, keys
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_sample.h"
#include "text.h"
#include "ui.h"

#define EVIL "\x1b[2J\x1b]0;x\x07\xff\xc3\x28\xe2\x80\xae\r\nend"

/* ---- names -------------------------------------------------------------- */

static void clean(void **state)
{
	static const struct {
		const char *name, *shown, *ascii;
	} cases[] = {
		{"web-1", "web-1", "web-1"},
		{"gr\xc3\xb6\xc3\x9f", "gr\xc3\xb6\xc3\x9f", "gr??"},
		{"a\x1b[31m", "a\xef\xbf\xbd[31m", "a?[31m"},
		/* C1 controls, of two bytes and as one */
		{"\xc2\x9b" "1m\x9b", "\xef\xbf\xbd" "1m\xef\xbf\xbd", "?1m?"},
		/* too long, cut off, a surrogate, beyond the last */
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", "??"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd", "??"},
		{"\xed\xa0\x80", "\xef\xbf\xbd", "?"},
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd", "?"},
		{"\xf8\x88\x80\x80\x80",
		 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		 "?????"},
		/* from right to left; of no width; a new line */
		{"a\xe2\x80\xae" "b", "a\xef\xbf\xbd" "b", "a?b"},
		{"a\xe2\x80\x8b\xcc\x81\n", "a\xef\xbf\xbd\xef\xbf\xbd"
		 "\xef\xbf\xbd", "a???"},
	};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_clean(text, sizeof(text), cases[i].name, 0);
		assert_string_equal(text, cases[i].shown);
		text_clean(text, sizeof(text), cases[i].name, '?');
		assert_string_equal(text, cases[i].ascii);
	}
}

static void clean_is_cut(void **state)
{
	char text[6];

	text_clean(text, 1, "abc", 0);
	assert_string_equal(text, "");
	text_clean(text, 4, "abcdef", 0);
	assert_string_equal(text, "abc");
	text_clean(text, 4, "ab\xc3\xb6", 0);
	assert_string_equal(text, "ab");
	text_clean(text, 5, "ab\xc3\xb6", 0);
	assert_string_equal(text, "ab\xc3\xb6");
}

static void every_byte(void **state)
{
	char name[5] = {0}, text[32];
	const char *p;
	int i, k;

	for (i = 1; i < 256; i++)
		for (k = 1; k < 256; k++) {
			name[0] = (char)i;
			name[1] = (char)k;
			name[2] = (char)(k ^ 0x80 ? k ^ 0x80 : 1);
			text_clean(text, sizeof(text), name, 0);
			for (p = text; *p; p++)
				assert_false((unsigned char)*p < 0x20 ||
					     *p == 0x7f);
		}
}

/* ---- a model ------------------------------------------------------------ */

static void look(struct top_model *m, double at_s, unsigned int nr)
{
	static const char *const names[] = {"Domain-0", "web-1", "web-2",
					    "database", EVIL};
	struct lodge_sample *s = fake_sample(at_s);
	struct lodge_sample_domain *d;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		d = fake_domain(s, i, i < 5 ? names[i] : "more", (uint8_t)i,
				at_s * i / 10);
		fake_vif(d, 0, (uint64_t)(at_s * 1e6), 100);
		fake_vbd(d, 51712, (uint64_t)at_s * 100, 5);
	}
	assert_int_equal(top_model_update(m, s), 0);
}

struct world {
	struct top_model m;
	struct ui u;
	struct screen s;
	int rows, cols;
};

static void begin(struct world *w, unsigned int nr, int rows, int cols)
{
	const struct top_shown shown = {0};
	int i;

	memset(w, 0, sizeof(*w));
	w->rows = rows;
	w->cols = cols;
	ui_begin(&w->u, &shown, 3);
	for (i = 0; i < 5; i++)
		look(&w->m, 10 + 3 * i, nr);
	ui_settle(&w->u, &w->m, rows);
}

static void end(struct world *w)
{
	top_model_free(&w->m);
	screen_free(&w->s);
}

static enum ui_action key(struct world *w, uint32_t k)
{
	enum ui_action action = ui_key(&w->u, &w->m, w->rows, k);

	ui_settle(&w->u, &w->m, w->rows);
	return action;
}

static enum ui_action keys(struct world *w, const char *text)
{
	enum ui_action action = ACT_NOTHING;

	for (; *text; text++)
		action = key(w, *text == '\n' ? UI_ENTER
					      : (unsigned char)*text);
	return action;
}

/* One row, in ASCII, without the blanks at its end. */
static const char *row(struct world *w, int nr)
{
	static char text[1024];
	int i, length = 0;

	screen_free(&w->s);
	assert_int_equal(screen_make(&w->s, w->rows, w->cols, false), 0);
	ui_draw(&w->u, &w->m, &w->s);
	for (i = 0; i < w->cols; i++) {
		text[i] = (char)w->s.cells[nr * w->cols + i].c;
		if (text[i] != ' ')
			length = i + 1;
	}
	text[length] = '\0';
	return text;
}

static void starts(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)))
		fail_msg("\"%s\" does not begin with \"%s\"", text, with);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is without \"%s\"", text, part);
}

/* ---- the list ----------------------------------------------------------- */

static void list(void **state)
{
	struct world w;

	begin(&w, 4, 24, 80);
	starts(row(&w, 0), "lodge top");
	assert_string_equal(row(&w, 1),
			    "4 domains: 0 running, 4 blocked, 0 paused, "
			    "0 crashed, 0 dying, 0 shutdown");
	assert_string_equal(row(&w, 2),
			    "CPU [||||        ]  30% of 2 @ 2000MHz   "
			    "Mem [||||||      ] 512M of 1.0G free");
	assert_string_equal(row(&w, 3),
			    "NAME          STATE CPU(%)      CPU WAIT% MEM(%) "
			    " SENT/s  RECV/s DSKRD/s DSKWR/s");
	assert_string_equal(row(&w, 4),
			    "database     --b---   30.0     ....   0.0   12.5 "
			    "   977K      0B   50.0K      0B");
	starts(row(&w, 7), "Domain-0");
	assert_string_equal(row(&w, 8), "");
	starts(row(&w, 23), "Q: end  ?: help");
	end(&w);
}

static void sorted(void **state)
{
	struct world w;

	begin(&w, 4, 24, 80);
	w.u.sort = COL_NAME;
	starts(row(&w, 4), "database");
	starts(row(&w, 5), "Domain-0");
	keys(&w, "i");
	starts(row(&w, 4), "web-2");
	keys(&w, "iz");
	w.u.sort = COL_CPU;
	starts(row(&w, 4), "Domain-0");
	starts(row(&w, 5), "database");
	keys(&w, "s");
	assert_int_equal(w.u.sort, COL_CPU + 1);
	end(&w);
}

static void filtered(void **state)
{
	struct world w;

	begin(&w, 4, 24, 80);
	keys(&w, "/WEBx");
	key(&w, UI_BACKSPACE);
	starts(row(&w, 23), "only names with: WEB_");
	keys(&w, "\n");
	starts(row(&w, 4), "web-2");
	starts(row(&w, 5), "web-1");
	assert_string_equal(row(&w, 6), "");
	has(row(&w, 23), "only \"WEB\"");
	/* The first Esc ends the filter, the second the program. */
	assert_int_equal(key(&w, UI_ESCAPE), ACT_NOTHING);
	starts(row(&w, 4), "database");
	assert_int_equal(key(&w, UI_ESCAPE), ACT_QUIT);
	end(&w);
}

static void no_one_left(void **state)
{
	struct world w;

	begin(&w, 4, 24, 80);
	keys(&w, "/nobody\n");
	assert_string_equal(row(&w, 4), "");
	key(&w, UI_DOWN);
	keys(&w, "\npy");
	end(&w);
}

static void rows_of_devices(void **state)
{
	struct world w;

	begin(&w, 2, 24, 100);
	keys(&w, "vnxr");
	starts(row(&w, 4), "web-1");
	starts(row(&w, 5), " VCPUs(sec):");
	starts(row(&w, 6), " Net0 RX:");
	starts(row(&w, 7), " VBD BlkBack 51712 [ca: 0]");
	starts(row(&w, 8), "NAME");
	starts(row(&w, 9), "Domain-0");
	end(&w);
}

static void scrolls(void **state)
{
	struct world w;
	int i;

	begin(&w, 40, 12, 80);
	assert_int_equal(ui_list_rows(12), 7);
	for (i = 0; i < 39; i++)
		key(&w, UI_DOWN);
	assert_true(w.u.first_line == 33);
	key(&w, UI_HOME);
	assert_true(w.u.first_line == 0);
	key(&w, UI_END);
	assert_true(w.u.first_line == 33);
	key(&w, UI_PAGE_UP);
	key(&w, UI_PAGE_UP);
	assert_true(w.u.first_line == 27);
	end(&w);
}

/* ---- the others --------------------------------------------------------- */

static void details(void **state)
{
	struct world w;
	int i;

	begin(&w, 4, 24, 80);
	key(&w, UI_HOME);
	key(&w, UI_ENTER);
	assert_int_equal(w.u.page, PAGE_DETAILS);
	starts(row(&w, 0), "database  domain 3  --b---  pv  03000000-");
	has(row(&w, 1), "30.0% of 2 vCPUs, waits 0.0% (seen)");
	has(row(&w, 2), "128M of 128M; balloon asked for 128M");
	has(row(&w, 3), "8 of 64 frames");
	has(row(&w, 4), "0 of 1000 nodes");
	has(row(&w, 8), "40 of 1000 bytes");
	starts(row(&w, 9), "CPU 30%");
	for (i = 0; i < LODGE_STORE_LIMITS; i++)
		((struct lodge_sample_domain *)(uintptr_t)
			 w.m.domains[3].now)->store[i] =
			(struct lodge_usage){LODGE_UNKNOWN, LODGE_UNKNOWN};
	has(row(&w, 4), "unknown");
	key(&w, UI_ESCAPE);
	assert_int_equal(w.u.page, PAGE_LIST);
	end(&w);
}

static void one_that_goes(void **state)
{
	struct world w;

	begin(&w, 4, 24, 80);
	key(&w, UI_HOME);
	key(&w, UI_ENTER);
	look(&w.m, 100, 3);
	ui_settle(&w.u, &w.m, 24);
	assert_int_equal(w.u.page, PAGE_LIST);
	starts(row(&w, 23), "domain 3 has gone");
	end(&w);
}

static void help(void **state)
{
	struct world w;

	begin(&w, 2, 24, 80);
	keys(&w, "\n?");
	starts(row(&w, 0), "lodge top: keys");
	keys(&w, "q");
	assert_int_equal(w.u.page, PAGE_DETAILS);
	end(&w);
}

static void delay(void **state)
{
	struct world w;

	begin(&w, 2, 24, 80);
	keys(&w, "d0.5\n");
	assert_true(w.u.delay_s == 0.5);
	keys(&w, "d0\n");
	assert_true(w.u.delay_s == 0.5);
	starts(row(&w, 23), "\"0\" is no number of seconds");
	keys(&w, "d7");
	key(&w, UI_ESCAPE);
	assert_true(w.u.delay_s == 0.5);
	end(&w);
}

/* ---- what is done to guests ---------------------------------------------- */

static void needs_a_yes(void **state)
{
	struct world w;

	begin(&w, 4, 24, 80);
	key(&w, UI_HOME);
	assert_int_equal(keys(&w, "o"), ACT_NOTHING);
	starts(row(&w, 23), "shut down database (domain 3)? y/n");
	assert_int_equal(keys(&w, "n"), ACT_NOTHING);
	starts(row(&w, 23), "nothing was done");
	assert_int_equal(keys(&w, "o\n"), ACT_NOTHING);
	assert_int_equal(keys(&w, "oy"), ACT_SHUTDOWN);
	assert_int_equal(w.u.meant.domid, 3);
	assert_int_equal(keys(&w, "PY"), ACT_PAUSE);
	assert_int_equal(keys(&w, "cy"), ACT_CONSOLE);
	end(&w);
}

static void goes_on(void **state)
{
	struct world w;

	begin(&w, 4, 24, 80);
	key(&w, UI_HOME);
	((struct lodge_sample_domain *)(uintptr_t)
		 w.m.domains[3].now)->info.flags = LODGE_PAUSED;
	assert_int_equal(keys(&w, "py"), ACT_UNPAUSE);
	end(&w);
}

static void not_of_dom0(void **state)
{
	struct world w;

	begin(&w, 1, 24, 80);
	assert_int_equal(keys(&w, "oy"), ACT_NOTHING);
	assert_int_equal(w.u.asked, ASK_NOTHING);
	end(&w);
}

/* Between question and answer it went, and another has its number. */
static void not_of_another(void **state)
{
	struct lodge_sample *s;
	struct world w;

	begin(&w, 4, 24, 80);
	key(&w, UI_HOME);
	keys(&w, "o");
	s = fake_sample(100);
	fake_domain(s, 3, "other", 77, 1);
	assert_int_equal(top_model_update(&w.m, s), 0);
	ui_settle(&w.u, &w.m, 24);
	assert_int_equal(keys(&w, "y"), ACT_NOTHING);
	starts(row(&w, 23), "domain 3 has gone");
	end(&w);
}

/* ---- any size, any name, any key ----------------------------------------- */

static void evil_names(void **state)
{
	struct world w;
	int i, k;

	begin(&w, 5, 24, 80);
	for (k = 0; k < 3; k++) {
		for (i = 0; i < 24; i++)
			assert_null(strpbrk(row(&w, i), "\x1b\x07\r\n\xff"));
		keys(&w, k ? "f" : "\n");
	}
	/* Also where it is asked for, and where it is looked for. */
	w.u.page = PAGE_LIST;
	key(&w, UI_HOME);
	keys(&w, "o");
	starts(row(&w, 23), "shut down ?[2J?]0;x?" "?" "?(?" "?" "?end (domain 4)? y/n");
	keys(&w, "n/");
	key(&w, 0x1f);
	key(&w, 0x9b);
	assert_null(strpbrk(row(&w, 23), "\x1b\x9b"));
	end(&w);
}

static void all_sizes(void **state)
{
	static const int sizes[][2] = {
		{1, 1}, {1, 80}, {2, 10}, {3, 3}, {5, 20}, {6, 200}, {7, 7},
		{11, 39}, {12, 40}, {24, 80}, {25, 132}, {100, 300}, {200, 2},
	};
	static const uint32_t pressed[] = {
		UI_DOWN, UI_ENTER, UI_RIGHT, 'v', 'n', 'x', 'r', 'f', 's', '?',
		'q', UI_END, UI_ENTER, UI_ESCAPE, 'o', 'n', UI_LEFT, UI_PAGE_UP,
		'/', 'w', UI_ENTER, UI_HOME, 'd', '1', UI_ENTER,
	};
	unsigned int i, k, nr;
	struct world w;

	for (nr = 0; nr <= 8; nr += 4)
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			begin(&w, nr, sizes[i][0], sizes[i][1]);
			for (k = 0; k < 200; k++) {
				key(&w, pressed[k * 7 % 25]);
				(void)row(&w, w.rows - 1);
				screen_free(&w.s);
				assert_int_equal(screen_make(&w.s, w.rows,
							     w.cols, true), 0);
				ui_draw(&w.u, &w.m, &w.s);
			}
			end(&w);
		}
}

static void wide_characters(void **state)
{
	struct screen s;

	assert_int_equal(screen_make(&s, 1, 5, true), 0);
	assert_int_equal(screen_put(&s, 0, 0, 0, "a\xe4\xb8\xad\xe6\x96\x87z"),
			 6);
	assert_int_equal(s.cells[1].c, 0x4e2d);
	assert_int_equal(s.cells[2].c, 0);
	assert_int_equal(s.cells[3].c, 0x6587);
	/* Half of one is none of it. */
	assert_int_equal(screen_put(&s, 0, 4, 0, "\xe4\xb8\xad"), 6);
	assert_int_equal(s.cells[4].c, 0);
	screen_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean),
		cmocka_unit_test(clean_is_cut),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(list),
		cmocka_unit_test(sorted),
		cmocka_unit_test(filtered),
		cmocka_unit_test(no_one_left),
		cmocka_unit_test(rows_of_devices),
		cmocka_unit_test(scrolls),
		cmocka_unit_test(details),
		cmocka_unit_test(one_that_goes),
		cmocka_unit_test(help),
		cmocka_unit_test(delay),
		cmocka_unit_test(needs_a_yes),
		cmocka_unit_test(goes_on),
		cmocka_unit_test(not_of_dom0),
		cmocka_unit_test(not_of_another),
		cmocka_unit_test(evil_names),
		cmocka_unit_test(all_sizes),
		cmocka_unit_test(wide_characters),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
