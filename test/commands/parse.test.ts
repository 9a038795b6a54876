import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseCommandLine as parse} from '../../source/commands/parse.js';
import type {CommandEntry, OptionName} from '../../source/commands/table.js';
import {modeFor, whyNoScreens} from '../../source/commands/mode.js';
import {Failure} from '../../source/core/failure.js';

function entry(mostOperands: number, ...options: readonly OptionName[]): CommandEntry {
	return {summary: 'a command', mostOperands, options, root: false, load: async () => async () => 0};
}

const commands = {
	setup: entry(0, 'answers'),
	doctor: entry(0, 'fix', 'yes'),
	cycle: entry(0, 'snapshot', 'mount', 'hold', 'wait'),
	explain: entry(1),
};

function parseCommandLine(words: readonly string[]): ReturnType<typeof parse> {
	return parse(words, commands);
}

function refusal(words: readonly string[]): string {
	try {
		parseCommandLine(words);
	} catch (error) {
		assert.ok(error instanceof Failure);
		assert.equal(error.exitCode, 2);
		return error.message;
	}

	return assert.fail(`${words.join(' ')} was accepted`);
}

test('the options of a cycle are understood, --mount several times', () => {
	assert.deepEqual(parseCommandLine(['cycle', '--json', '--mount', '/a', '--mount=/b', '--snapshot', 'image', '--hold', '0.5', '--wait', '3', '--config', '/etc/x.json']), {
		ask: 'command', command: 'cycle', operands: [],
		flags: {json: true, mount: ['/a', '/b'], snapshot: 'image', hold: 0.5, wait: 3, config: '/etc/x.json'},
	});
});

test('nothing at all asks for the app, and it takes --mount', () => {
	assert.deepEqual(parseCommandLine([]), {ask: 'app', flags: {}});
	assert.deepEqual(parseCommandLine(['--mount', '/a']), {ask: 'app', flags: {mount: ['/a']}});
});

test('--help and --version win over everything that is understood', () => {
	assert.deepEqual(parseCommandLine(['--version', '--json']), {ask: 'version'});
	assert.deepEqual(parseCommandLine(['-h']), {ask: 'help', command: null});
	assert.deepEqual(parseCommandLine(['doctor', '--fix', '--help']), {ask: 'help', command: 'doctor'});
});

test('a dash alone is a value: standard input', () => {
	const line = parseCommandLine(['setup', '--answers', '-']);
	assert.equal(line.ask === 'command' && line.flags.answers, '-');
});

test('what is not understood is refused with a sentence that names it', () => {
	assert.match(refusal(['docter']), /no command "docter".* doctor/);
	assert.match(refusal(['doctor', '--fixx']), /no option --fixx.*--fix/);
	assert.match(refusal(['explain', '--fix']), /explain takes no --fix; doctor does/);
	assert.match(refusal(['cycle', '--mount']), /--mount needs a value/);
	assert.match(refusal(['cycle', '--mount', '--json']), /--mount needs a value/);
	assert.match(refusal(['cycle', '--mount=']), /not empty/);
	assert.match(refusal(['cycle', '--json=yes']), /takes no value/);
	assert.match(refusal(['cycle', '--hold', 'soon']), /--hold takes a number of seconds.*"soon"/);
	assert.match(refusal(['cycle', '--hold=-1']), /--hold takes a number of seconds/);
	assert.match(refusal(['cycle', '--snapshot', 'a', '--snapshot', 'b']), /2 times/);
	assert.match(refusal(['doctor', 'now']), /what to do with "now"/);
	assert.match(refusal(['-x']), /no option -x/);
});

test('only two terminals that can draw get the screens', () => {
	const terminal = {stdinIsTerminal: true, stdoutIsTerminal: true, environment: {TERM: 'xterm-256color'}};
	assert.equal(modeFor({}, terminal), 'interactive');
	assert.equal(modeFor({}, {...terminal, environment: {TERM: 'xterm', CI: 'false'}}), 'interactive');
	assert.equal(modeFor({json: true}, terminal), 'json');
	assert.equal(modeFor({}, {...terminal, stdinIsTerminal: false}), 'plain');
	assert.equal(modeFor({}, {...terminal, stdoutIsTerminal: false}), 'plain');
	for (const environment of [{TERM: 'dumb'}, {}, {TERM: 'xterm', CI: 'true'}, {TERM: 'xterm', INK_SCREEN_READER: 'true'}]) {
		assert.equal(modeFor({}, {...terminal, environment}), 'plain');
	}

	// And why not is said as it is.
	assert.equal(whyNoScreens(terminal), null);
	assert.match(whyNoScreens({...terminal, stdinIsTerminal: false}) ?? '', /none here/);
	assert.match(whyNoScreens({...terminal, environment: {TERM: 'dumb'}}) ?? '', /TERM is dumb/);
	assert.match(whyNoScreens({...terminal, environment: {}}) ?? '', /TERM is not set/);
	assert.match(whyNoScreens({...terminal, environment: {TERM: 'xterm', CI: '1'}}) ?? '', /CI/);
});
