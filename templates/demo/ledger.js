/*
 * The demo's application: a ledger that writes numbered records to its disk, each in two steps that belong together, as a database would.
 *
 *   node ledger.js DATA-DIRECTORY CONTROL-DIRECTORY
 *
 * A snapshot between the two steps holds half a record. `hold ID SECONDS` on the pipe CONTROL/request makes it finish the record and hold
 * still; `release ID` lets it go on. It answers on CONTROL/answer, after the ID. It writes to its disk only records, nothing else, and ends
 * when its input does.
 */
import {appendFileSync, closeSync, constants, fdatasyncSync, openSync, writeFileSync, writeSync} from 'node:fs';
import {Socket} from 'node:net';
import {join} from 'node:path';

const [, , data, control] = process.argv;
const records = openSync(join(data, 'records'), 'a', 0o600);
const {O_RDWR, O_NONBLOCK} = constants;
// Both ends of a pipe in one descriptor: opening waits for nobody, and no reader's end is an end for us.
const answers = openSync(join(control, 'answer'), O_RDWR | O_NONBLOCK);
const requests = new Socket({fd: openSync(join(control, 'request'), O_RDWR | O_NONBLOCK), readable: true, writable: false});

let number = 0;
let unfinished = false;
/** Answers that wait for the end of the record. */
let asked = [];
let held = false;
let lease;

function write(text) {
	writeSync(records, text);
	fdatasyncSync(records);
}

function step() {
	if (!unfinished && asked.length > 0) {
		held = true;
		// Beside the pipes, not on the disk: so that the demo can compare the snapshot with it.
		appendFileSync(join(control, 'held'), `${number}\n`);
		for (const {id, seconds} of asked) {
			clearTimeout(lease);
			lease = setTimeout(release, seconds * 1000);
			answer(id, `record ${number} is complete, holding for ${seconds} s at most`);
		}
		asked = [];
	}
	if (held) return;
	if (unfinished) write(`${number} end\n`);
	else write(`${++number} begin `);
	unfinished = !unfinished;
	setTimeout(step, unfinished ? 40 : 10);
}

function release() {
	clearTimeout(lease);
	if (!held) return false;
	held = false;
	setTimeout(step);
	return true;
}

function answer(id, text) {
	try {
		writeSync(answers, `${id} ${text}\n`);
	} catch {
		// The pipe is full of answers that nobody took: whoever asked has gone away.
	}
}

let pending = '';
requests.setEncoding('utf8').on('data', text => {
	const lines = (pending + text).split('\n');
	pending = lines.pop();
	for (const line of lines) {
		const [word, id, seconds] = line.split(' ');
		if (word === 'hold') {
			asked.push({id, seconds: Number(seconds) > 0 ? Number(seconds) : 30});
			if (held) step();
		} else if (word === 'release') {
			answer(id, release() ? `goes on after record ${number}` : 'was not held any more');
		}
	}
});

process.stdin.on('end', () => process.exit(0)).resume();
process.on('exit', () => closeSync(records));
writeFileSync(join(control, 'pid'), `${process.pid}\n`);
process.stdout.write('started\n');
step();
