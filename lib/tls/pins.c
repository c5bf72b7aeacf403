/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pinned public keys.
 */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "postern.h"
#include "tls/options.h"
#include "tls/verify.h"

static int read_pin(unsigned char pin[PTN_PIN_SIZE], const char *word, size_t n)
{
	static const char prefix[] = PTN_PIN_PREFIX;
	const size_t head = sizeof prefix - 1;
	struct ptn_buf octets = {0};
	int err = POSTERN_E_ARG;

	if (n > head && ptn_text_same(word, head, prefix, head))
		err = ptn_text_unbase64(&octets, word + head, n - head);
	if (!err && ptn_buf_len(&octets) == PTN_PIN_SIZE)
		memcpy(pin, ptn_buf_data(&octets), PTN_PIN_SIZE);
	else if (err != POSTERN_E_NOMEM)
		err = POSTERN_E_ARG;
	ptn_buf_free(&octets);
	return err;
}

int ptn_pins_read(struct ptn_tls_options *o, const char *list, const char **word, size_t *n)
{
	unsigned char pins[PTN_PINS_MOST][PTN_PIN_SIZE];
	size_t count = 0;
	int err = 0;

	while (!err && (*word = ptn_text_word(&list, n)) != NULL) {
		err = count < PTN_PINS_MOST ? read_pin(pins[count], *word, *n) : POSTERN_E_ARG;
		count++;
	}
	if (err || !count)
		return err ? err : POSTERN_E_ARG;
	memcpy(o->pins, pins, sizeof pins[0] * count);
	o->n_pins = count;
	return 0;
}

int ptn_pins_have(const struct ptn_tls_options *o, const unsigned char key[PTN_PIN_SIZE])
{
	for (size_t i = 0; i < o->n_pins; i++)
		if (!memcmp(o->pins[i], key, PTN_PIN_SIZE))
			return 1;
	return 0;
}
