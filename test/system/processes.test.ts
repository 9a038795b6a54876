import assert from 'node:assert/strict';
import {test} from 'node:test';
import {kill, processIds, programIds, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';

test('only one process is ever killed: what is no number of one reaches nobody', context => {
	const sent: unknown[] = [];
	// Never the real one: -1 would be every process of the machine.
	context.mock.method(process, 'kill', (...words: readonly unknown[]) => {
		sent.push(words);
		return true;
	});
	for (const pid of [-1, 0, 1, -200, Number.NaN, Number(''), 2.5, Number.POSITIVE_INFINITY]) kill(pid);
	assert.deepEqual(sent, []);
	kill(4321);
	assert.deepEqual(sent, [[4321, 'SIGKILL']]);
});

test('the ids of programs are all but those of the kernel\'s own threads', () => {
	const before = processIds();
	const programs = programIds();
	assert.ok(programs.includes(process.pid));
	// A thread that the kernel begins at this moment may be in it; hardly a dozen.
	const ofKernel = programs.filter(pid => readProcess(pid)?.ofKernel === true);
	assert.ok(readProcess(2)?.ofKernel !== true || textOf('/proc/2/task/2/children') === null || ofKernel.length < 12, `among them are ${ofKernel.join(' ')}`);
	const known = new Set(programs);
	const mayBeNew = new Set(processIds().filter(pid => !known.has(pid) && readProcess(pid)?.ofKernel === false));
	// What has begun since is not missing: what runs still, of what was there before, is.
	assert.deepEqual(before.filter(pid => mayBeNew.has(pid)), []);
});
