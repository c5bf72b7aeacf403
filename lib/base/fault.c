/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fault.h"

static const struct {
	const char *id;
	int code, outcome;
} faults[] = {
#define X(name, id, code, outcome) {id, POSTERN_##code, POSTERN_##outcome},
	PTN_FAULTS(X)
#undef X
};

static int known(int fault)
{
	return fault > 0 && fault < PTN_FAULT_COUNT ? fault : 0;
}

const char *ptn_fault_id(int fault)
{
	return faults[known(fault)].id;
}

int ptn_fault_code(int fault)
{
	return faults[known(fault)].code;
}

int ptn_fault_outcome(int fault)
{
	return faults[known(fault)].outcome;
}
