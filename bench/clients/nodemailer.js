// SPDX-License-Identifier: LGPL-2.1-or-later
// nodemailer; the arguments are those of job.h.  $NODEMAILER names the module's directory.
'use strict';
const fs = require('fs');
const {Readable} = require('stream');
const nodemailer = require(process.env.NODEMAILER || 'nodemailer');

const [mode, port, ca, message, size, count, recipients, way] = process.argv.slice(2);
const text = fs.readFileSync(message);
const body = text.subarray(text.indexOf('\r\n\r\n') + 4);
const times = Math.max(0, Math.floor((size - text.length) / body.length));

function* pieces() {
	yield text;
	const block = Buffer.concat(Array(16).fill(body));
	for (let i = 0; i < Math.floor(times / 16); i++)
		yield block;
	for (let i = 0; i < times % 16; i++)
		yield body;
}

const settings = {host: 'localhost', port: Number(port), name: 'client.example'};
if (mode === 'plain') {
	settings.ignoreTLS = true;
} else {
	settings.secure = mode === 'implicit';
	settings.requireTLS = mode === 'starttls';
	settings.tls = {ca: fs.readFileSync(ca)};
	settings.auth = {user: 'user', pass: 'password'};
}
if (way !== 'fresh')
	Object.assign(settings, {pool: true, maxConnections: 1, maxMessages: Infinity});

async function main() {
	const transport = nodemailer.createTransport(settings);
	const to = Array.from({length: Number(recipients)}, (_, i) => `recipient${i}@example.com`);
	for (let i = 0; i < Number(count); i++) {
		const raw = times ? Readable.from(pieces()) : text;
		await transport.sendMail({envelope: {from: 'sender@example.org', to}, raw});
	}
	transport.close();
}

main().catch((e) => {
	console.error(e.message);
	process.exit(1);
});
