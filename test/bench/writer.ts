// A client of a filesystem: writes 4 kB and syncs them, over and over, and prints how long each write took when it is told to stop. Milliseconds.
import {closeSync, fdatasyncSync, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {setImmediate as turn} from 'node:timers/promises';

const descriptor = openSync(join(process.argv[2] ?? '.', 'writer'), 'w');
const took: number[] = [];
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const block = Buffer.alloc(4096, 1);
while (!stop.signal.aborted) {
	const began = performance.now();
	writeSync(descriptor, block, 0, block.length, took.length % 1024 * block.length);
	fdatasyncSync(descriptor);
	took.push(performance.now() - began);
	await turn();
}

closeSync(descriptor);
process.stdout.write(`${took.map(time => time.toFixed(2)).join('\n')}\n`);
