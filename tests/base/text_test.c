/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "main.h"
#include "postern.h"

static int grants = -1; /* how many requests for memory are still granted; -1: all */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	if (!grants)
		return NULL;
	if (grants > 0)
		grants--;
	return __real_calloc(n, size);
}

static void expect(struct ptn_buf *b, const char *s, size_t n)
{
	ck_assert_uint_eq(ptn_buf_len(b), n);
	ck_assert(memcmp(ptn_buf_data(b), s, n) == 0);
	ptn_buf_free(b);
}

/* ---- Classes and comparison --------------------------------------------------------------- */

START_TEST(classes_are_ascii)
{
	for (int c = -1; c < 300; c++) {
		int upper = c >= 0x41 && c <= 0x5A, lower = c >= 0x61 && c <= 0x7A;

		ck_assert_int_eq(!!ptn_text_is_digit(c), c >= 0x30 && c <= 0x39);
		ck_assert_int_eq(!!ptn_text_is_alpha(c), upper || lower);
		ck_assert_int_eq(!!ptn_text_is_control(c), (c >= 0 && c <= 0x1F) || c == 0x7F);
		ck_assert_int_eq(ptn_text_lower(c), upper ? c + 0x20 : c);
	}
}
END_TEST

START_TEST(comparison_folds_ascii_only)
{
	ck_assert(ptn_text_equal("STARTTLS", "StartTls"));
	ck_assert(!ptn_text_equal("STARTTLS", "STARTTLSX"));
	ck_assert(!ptn_text_equal("STARTTLSX", "STARTTLS"));
	ck_assert(!ptn_text_equal("[", "{")); /* 0x5B and 0x7B differ by the case bit only */
	ck_assert(!ptn_text_equal("@", "`"));
	ck_assert(!ptn_text_equal("\xC4", "\xE4"));
	ck_assert(ptn_text_equal("", ""));
	ck_assert(ptn_text_same("ab\0C", 4, "AB\0c", 4));
	ck_assert(!ptn_text_same("ab\0c", 4, "ab\0d", 4));
	ck_assert(ptn_text_same(NULL, 0, "x", 0));
}
END_TEST

START_TEST(controls_and_8bit_are_found_anywhere)
{
	for (int c = 0; c < 256; c++)
		for (int at = 0; at < 3; at++) {
			char s[3] = {'a', 'b', 'c'};

			s[at] = (char)c;
			ck_assert_int_eq(!!ptn_text_has_control(s, 3), c < 0x20 || c == 0x7F);
			ck_assert_int_eq(!!ptn_text_has_8bit(s, 3), c >= 0x80);
		}
	ck_assert(!ptn_text_has_control("a\r", 1));
	ck_assert(!ptn_text_has_control(NULL, 0));
	ck_assert(!ptn_text_has_8bit("a\xFF", 1));
}
END_TEST

/* ---- UTF-8 -------------------------------------------------------------------------------- */

static const struct {
	const char *s;
	int good;
} utf8[] = {
	{"", 1},
	{"plain", 1},
	{"p\xC3\xA4", 1},
	{"\xC2\x80", 1},
	{"\xDF\xBF", 1},
	{"\xE0\xA0\x80", 1},
	{"\xED\x9F\xBF", 1},
	{"\xEE\x80\x80", 1},
	{"\xEF\xBF\xBF", 1},
	{"\xF0\x90\x80\x80", 1},
	{"\xF4\x8F\xBF\xBF", 1},
	{"\xE7\x98\x8A", 1}, /* U+760A */
	{"\x80", 0},
	{"\xBF", 0},
	{"\xC0\x8A", 0}, /* overlong LF */
	{"\xC1\xBF", 0},
	{"\xE0\x80\x8A", 0},
	{"\xE0\x9F\xBF", 0},
	{"\xF0\x80\x80\x8A", 0},
	{"\xF0\x8F\xBF\xBF", 0},
	{"\xED\xA0\x80", 0}, /* surrogates */
	{"\xED\xBF\xBF", 0},
	{"\xF4\x90\x80\x80", 0}, /* above U+10FFFF */
	{"\xF5\x80\x80\x80", 0},
	{"\xFE", 0},
	{"\xFF", 0},
	{"\xC3", 0}, /* cut */
	{"\xE2\x82", 0},
	{"\xF0\x9F\x98", 0},
	{"\xC3(", 0},
	{"\xE2(\xA1", 0},
	{"\xE2\x82(", 0},
	{"a\xC3\xA4\xA4", 0},
};

START_TEST(utf8_is_rfc_3629)
{
	ck_assert_int_eq(!!ptn_text_is_utf8(utf8[_i].s, strlen(utf8[_i].s)), utf8[_i].good);
}
END_TEST

/* All code points, encoded by hand. */
START_TEST(every_character_is_utf8)
{
	for (unsigned long c = 0; c <= 0x110010; c++) {
		unsigned char s[4];
		size_t n;

		if (c < 0x80) {
			s[0] = (unsigned char)c;
			n = 1;
		} else if (c < 0x800) {
			s[0] = (unsigned char)(0xC0 | c >> 6);
			n = 2;
		} else if (c < 0x10000) {
			s[0] = (unsigned char)(0xE0 | c >> 12);
			n = 3;
		} else {
			s[0] = (unsigned char)(0xF0 | c >> 18);
			n = 4;
		}
		for (size_t i = 1; i < n; i++)
			s[i] = (unsigned char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3F));
		if (!!ptn_text_is_utf8((char *)s, n) !=
		    !((c >= 0xD800 && c < 0xE000) || c > 0x10FFFF))
			ck_abort_msg("U+%lX", c);
	}
}
END_TEST

/* ---- Numbers ------------------------------------------------------------------------------ */

#define MOST 18446744073709551615ULL

static const struct {
	const char *s;
	unsigned long long max;
	int good;
	unsigned long long value;
} numbers[] = {
	{"0", 0, 1, 0},
	{"000", 0, 1, 0},
	{"1", 0, 0, 0},
	{"9", 5, 0, 0},
	{"5", 5, 1, 5},
	{"6", 5, 0, 0},
	{"65535", 65535, 1, 65535},
	{"65536", 65535, 0, 0},
	{"065535", 65535, 1, 65535},
	{"99999", 65535, 0, 0},
	{"18446744073709551615", MOST, 1, MOST},
	{"18446744073709551616", MOST, 0, 0},
	{"18446744073709551617", MOST, 0, 0},
	{"99999999999999999999999", MOST, 0, 0},
	{"", 10, 0, 0},
	{"-1", 10, 0, 0},
	{"+1", 10, 0, 0},
	{" 1", 10, 0, 0},
	{"1 ", 10, 0, 0},
	{"1x", 99, 0, 0},
	{"0x1", 99, 0, 0},
	{"1.0", 99, 0, 0},
	{"\xB1", 255, 0, 0},
	{"/", 255, 0, 0},
	{":", 255, 0, 0},
};

START_TEST(numbers_are_digits_up_to_a_maximum)
{
	unsigned long long v = 77;
	int rc = ptn_text_number(numbers[_i].s, strlen(numbers[_i].s), numbers[_i].max, &v);

	ck_assert_int_eq(rc, numbers[_i].good ? 0 : -1);
	ck_assert(v == (numbers[_i].good ? numbers[_i].value : 77));
}
END_TEST

START_TEST(decimal_there_and_back)
{
	static const unsigned long long values[] = {
		0, 1, 9, 10, 587, 4294967296ULL, 18446744073709551615ULL};
	char digits[PTN_TEXT_DIGITS];

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		unsigned long long v = 77;
		size_t n = ptn_text_digits(digits, values[i]);

		ck_assert_int_eq(ptn_text_number(digits, n, ~0ULL, &v), 0);
		ck_assert(v == values[i]);
		ck_assert(n == 1 || digits[0] != '0');
	}
}
END_TEST

START_TEST(hex_digits)
{
	ck_assert_int_eq(ptn_text_hex('0'), 0);
	ck_assert_int_eq(ptn_text_hex('9'), 9);
	ck_assert_int_eq(ptn_text_hex('a'), 10);
	ck_assert_int_eq(ptn_text_hex('F'), 15);
	ck_assert_int_eq(ptn_text_hex('g'), -1);
	ck_assert_int_eq(ptn_text_hex('@'), -1);
	ck_assert_int_eq(ptn_text_hex(0), -1);
	ck_assert_int_eq(ptn_text_hex(0xE1), -1);
}
END_TEST

START_TEST(numbers_below_a_thousand)
{
	for (unsigned max = 0; max < 120; max++)
		for (unsigned n = 0; n < 1000; n++) {
			char s[3] = {(char)('0' + n / 100), (char)('0' + n / 10 % 10),
				     (char)('0' + n % 10)};
			unsigned long long v = 0;

			ck_assert_int_eq(ptn_text_number(s, 3, max, &v) == 0, n <= max);
			ck_assert(n > max || v == n);
		}
}
END_TEST

/* ---- Showing ------------------------------------------------------------------------------ */

static const struct {
	const char *s;
	size_t n, max;
	const char *shown;
} shows[] = {
	{"", 0, 0, ""},
	{"plain text", 10, 64, "plain text"},
	{"a\r\nb\0c\tx\x7F\x1B[2J", 13, 64, "a\\x0D\\x0Ab\\x00c\\x09x\\x7F\\x1B[2J"},
	{"p\xC3\xA4ss", 5, 64, "p\xC3\xA4ss"},
	{"\xFF\xC0\x8A", 3, 64, "\\xFF\\xC0\\x8A"},
	{"\xC2\x9B"
	 "1m",
	 4, 64, "\\xC2\\x9B1m"}, /* C1: CSI */
	{"\xC2\xA0", 2, 64, "\xC2\xA0"},
	{"\xC3", 1, 64, "\\xC3"},
	/* just fits */
	{"abcd", 4, 4, "abcd"},
	{"\xFF", 1, 4, "\\xFF"},
	{"\xC2\x80", 2, 8, "\\xC2\\x80"},
	{"\xE2\x82\xAC", 3, 3, "\xE2\x82\xAC"},
	/* does not */
	{"abcde", 5, 4, "a..."},
	{"abcd\n", 5, 7, "abcd..."},
	{"abcd\n", 5, 6, "abc..."},
	{"\xE2\x82\xAC\xE2\x82\xAC", 6, 5, "..."},
	{"\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 9, 7, "\xE2\x82\xAC..."},
	{"\xC2\x80", 2, 4, "..."},
	{"\xFF\xFF", 2, 7, "\\xFF..."},
	{"abcd", 4, 3, "..."},
	{"abcd", 4, 2, ".."},
	{"abcd", 4, 0, ""},
};

START_TEST(shown_text_is_harmless)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_text_escape(&b, shows[_i].s, shows[_i].n, shows[_i].max), 0);
	expect(&b, shows[_i].shown, strlen(shows[_i].shown));
}
END_TEST

/* Whatever comes in: no more than max, no control, and UTF-8. */
START_TEST(shown_text_never_breaks_its_promise)
{
	uint32_t seed = 4711;

	for (int round = 0; round < 50000; round++) {
		struct ptn_buf b = {0};
		char s[12];
		size_t n, max;

		for (size_t i = 0; i < sizeof s; i++)
			s[i] = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
		n = (seed = seed * 1664525u + 1013904223u) % 13;
		max = (seed = seed * 1664525u + 1013904223u) >> 27;
		ck_assert_int_eq(ptn_buf_puts(&b, "kept"), 0);
		ck_assert_int_eq(ptn_text_escape(&b, s, n, max), 0);
		ck_assert_uint_le(ptn_buf_len(&b), 4 + max);
		ck_assert(memcmp(ptn_buf_data(&b), "kept", 4) == 0);
		ck_assert(!ptn_text_has_control(ptn_buf_data(&b), ptn_buf_len(&b)));
		ck_assert(ptn_text_is_utf8(ptn_buf_data(&b), ptn_buf_len(&b)));
		ptn_buf_free(&b);
	}
}
END_TEST

/* ---- base64 ------------------------------------------------------------------------------- */

static const struct {
	const char *raw, *text; /* RFC 4648 10 */
} base64[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xFB\xFF\xFE", "+//+"},
};

START_TEST(base64_known_answers)
{
	struct ptn_buf b = {0};
	size_t n = strlen(base64[_i].raw), m = strlen(base64[_i].text);

	ck_assert_int_eq(ptn_text_base64(&b, base64[_i].raw, n), 0);
	expect(&b, base64[_i].text, m);
	ck_assert_int_eq(ptn_text_unbase64(&b, base64[_i].text, m), 0);
	expect(&b, base64[_i].raw, n);
}
END_TEST

START_TEST(base64_there_and_back)
{
	unsigned char raw[300];

	for (size_t i = 0; i < sizeof raw; i++)
		raw[i] = (unsigned char)(i * 167 + 13);
	for (size_t n = 0; n <= sizeof raw; n++) {
		struct ptn_buf b = {0}, c = {0};

		ck_assert_int_eq(ptn_text_base64(&b, raw, n), 0);
		ck_assert_uint_eq(ptn_buf_len(&b), (n + 2) / 3 * 4);
		ck_assert_int_eq(ptn_text_unbase64(&c, ptn_buf_data(&b), ptn_buf_len(&b)), 0);
		expect(&c, (char *)raw, n);
		ptn_buf_free(&b);
	}
}
END_TEST

static const char *const not_base64[] = {
	"A",    "AA",   "AAA",     "=AAA",     "A=AA",           "A===",     "====",     "AA=A",
	"AB==", "AAB=", "AA A",    "AAA\t",    "AAA\n",          "AAAAA",    "AA==AAAA", "AAA=AAAA",
	"AA-_", "AA.A", "AAA\xFF", "AAAA=AAA", "NTLM supported", "AAAA====", "AAA*",
};

START_TEST(what_is_not_base64_is_refused_and_leaves_nothing)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_buf_puts(&b, "kept"), 0);
	ck_assert_int_eq(ptn_text_unbase64(&b, not_base64[_i], strlen(not_base64[_i])),
			 POSTERN_E_PROTOCOL);
	expect(&b, "kept", 4);
}
END_TEST

START_TEST(a_nul_is_not_base64)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_text_unbase64(&b, "AAA\0", 4), POSTERN_E_PROTOCOL);
	ck_assert_int_eq(ptn_text_unbase64(&b, "\0AAA", 4), POSTERN_E_PROTOCOL);
	expect(&b, "", 0);
}
END_TEST

/* For each number of octets at one place all others are refused: exactly 64 letters are base64. */
START_TEST(the_alphabet_has_64_letters)
{
	int good = 0;

	for (int c = 0; c < 256; c++) {
		char s[4] = {'A', (char)c, 'A', 'A'};
		struct ptn_buf b = {0};

		good += ptn_text_unbase64(&b, s, 4) == 0;
		ptn_buf_free(&b);
	}
	ck_assert_int_eq(good, 64);
}
END_TEST

START_TEST(without_memory)
{
	struct ptn_buf b = {0};
	static char big[4096];

	memset(big, 'A', sizeof big);
	grants = 0;
	ck_assert_int_eq(ptn_text_base64(&b, "abc", 3), POSTERN_E_NOMEM);
	ck_assert_int_eq(ptn_text_unbase64(&b, "AAAA", 4), POSTERN_E_NOMEM);
	ck_assert_int_eq(ptn_text_escape(&b, "abc", 3, 9), POSTERN_E_NOMEM);
	ck_assert_int_eq(ptn_text_escape(&b, "abcdef", 6, 4), POSTERN_E_NOMEM);
	grants = 1;
	ck_assert_int_eq(ptn_text_unbase64(&b, big, sizeof big), POSTERN_E_NOMEM);
	ck_assert_uint_eq(ptn_buf_len(&b), 0);
	grants = -1;
	ck_assert_int_eq(ptn_text_base64(&b, "a", (size_t)-1), POSTERN_E_NOMEM);
	ptn_buf_free(&b);
}
END_TEST

/* ---- Words and distance ------------------------------------------------------------------- */

static const struct {
	const char *list;
	const char *words[5];
} lists[] = {
	{"", {NULL}},
	{" ,\t, ", {NULL}},
	{"587", {"587", NULL}},
	{"587 465\t2525", {"587", "465", "2525", NULL}},
	{",587,,465 , 2525,", {"587", "465", "2525", NULL}},
	{"a\nb;c", {"a\nb;c", NULL}},
};

START_TEST(words_of_a_list)
{
	const char *at = lists[_i].list, *word;
	size_t n, i = 0;

	while ((word = ptn_text_word(&at, &n))) {
		ck_assert_ptr_nonnull(lists[_i].words[i]);
		ck_assert_uint_eq(n, strlen(lists[_i].words[i]));
		ck_assert(memcmp(word, lists[_i].words[i++], n) == 0);
	}
	ck_assert_ptr_null(lists[_i].words[i]);
	ck_assert_int_eq(*at, '\0');
	ck_assert_ptr_null(ptn_text_word(&at, &n));
}
END_TEST

static const struct {
	const char *a, *b;
	int distance;
} distances[] = {
	{"", "", 0},
	{"tls", "tls", 0},
	{"tsl", "tls", 2},
	{"port", "ports", 1},
	{"prots", "ports", 2},
	{"timeot", "timeout", 1},
	{"", "abc", 3},
	{"kitten", "sitting", 3},
	{"abcdefghijkl", "", 9},
	{"TLS", "tls", 3},
	{"intention", "execution", 5},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 9},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 1},
};

START_TEST(distance_counts_changes)
{
	ck_assert_int_eq(ptn_text_distance(distances[_i].a, distances[_i].b),
			 distances[_i].distance);
	ck_assert_int_eq(ptn_text_distance(distances[_i].b, distances[_i].a),
			 distances[_i].distance);
}
END_TEST

static const struct {
	const char *in;
	size_t n;
	const char *out;
} xtexts[] = {
	{"", 0, ""},
	{"abc!~", 5, "abc!~"},
	{"a+b=c d", 7, "a+2Bb+3Dc+20d"},
	{"\0\r\n\x7f\xff", 5, "+00+0D+0A+7F+FF"},
};

/* RFC 3461 4: whatever goes in, what comes out is printable and without blanks. */
START_TEST(xtext)
{
	struct ptn_buf b = {0};

	ck_assert(!ptn_buf_puts(&b, "x"));
	ck_assert_int_eq(ptn_text_xtext(&b, xtexts[_i].in, xtexts[_i].n), 0);
	ck_assert(!ptn_buf_add(&b, "", 1));
	ck_assert_str_eq(ptn_buf_data(&b) + 1, xtexts[_i].out);
	ptn_buf_free(&b);
}
END_TEST

START_TEST(moments)
{
	static const char good[] = "2026-12-24T18:00:00";
	char s[sizeof(good)];

	ck_assert_int_eq(ptn_text_is_moment(good, 19), 1);
	ck_assert_int_eq(ptn_text_is_moment(good, 18), 0);
	ck_assert_int_eq(ptn_text_is_moment("2026-12-24T18:00:00Z", 20), 0);
	ck_assert_int_eq(ptn_text_is_moment("", 0), 0);
	for (size_t i = 0; i < 19; i++) {
		memcpy(s, good, sizeof(s));
		s[i] = '\n';
		ck_assert_int_eq(ptn_text_is_moment(s, 19), 0);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "text");

	tcase_add_test(t, classes_are_ascii);
	tcase_add_test(t, comparison_folds_ascii_only);
	tcase_add_test(t, controls_and_8bit_are_found_anywhere);
	EACH(t, utf8_is_rfc_3629, utf8);
	tcase_add_test(t, every_character_is_utf8);
	EACH(t, numbers_are_digits_up_to_a_maximum, numbers);
	tcase_add_test(t, decimal_there_and_back);
	tcase_add_test(t, hex_digits);
	tcase_add_test(t, numbers_below_a_thousand);
	EACH(t, shown_text_is_harmless, shows);
	tcase_add_test(t, shown_text_never_breaks_its_promise);
	EACH(t, base64_known_answers, base64);
	tcase_add_test(t, base64_there_and_back);
	EACH(t, what_is_not_base64_is_refused_and_leaves_nothing, not_base64);
	tcase_add_test(t, a_nul_is_not_base64);
	tcase_add_test(t, the_alphabet_has_64_letters);
	tcase_add_test(t, without_memory);
	tcase_add_loop_test(t, xtext, 0, 4);
	tcase_add_test(t, moments);
	EACH(t, words_of_a_list, lists);
	EACH(t, distance_counts_changes, distances);
}
