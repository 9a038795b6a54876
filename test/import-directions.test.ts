import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';
import {suite, test} from 'node:test';
import {repository} from './support/sandbox.js';

/**
 * Which room may import from which: the map of CONTRIBUTING. Keys are folders or files of source/, the longest match counts; values are the
 * same, and a room may always import from itself. Types count like everything else.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
	// The published schema of the answers is data, and the only copy of its rules.
	core: ['../templates/answers.schema.json'],
	components: ['core/cycle-events', 'core/outcome', 'core/progress', 'core/unicode'],
	screens: ['components', 'core'],
	output: ['core'],
	system: ['core'],
	applications: ['core', 'system'],
	providers: ['core', 'system'],
	operations: ['core', 'applications', 'providers', 'system'],
	demo: ['core', 'system', 'operations', 'output', 'commands/invocation'],
	app: ['screens', 'components', 'operations', 'core', 'applications', 'providers', 'system', 'output', 'commands/invocation'],
	commands: ['app', 'demo', 'operations', 'core', 'applications', 'providers', 'system', 'output'],
	'command-line.ts': ['commands', 'app', 'core', 'output', 'system'],
	'cli.ts': ['command-line'],
	warm: ['command-line', 'app'],
	'guard.ts': ['system', 'core'],
};

/** Modules that reach the machine: only `system/` and the guard's process may import them, and who is named here, for the reason given. */
const machineModules = ['node:fs', 'node:fs/promises', 'node:child_process', 'node:net', 'node:http', 'node:https', 'node:worker_threads', 'koffi', 'conf'];
const machineRooms = ['system', 'guard.ts'];
const machineExceptions: Readonly<Record<string, readonly string[]>> = {
	// The demo is a laboratory of its own around quiesce: it makes disks and mounts, which quiesce itself never does.
	demo: ['node:fs', 'node:fs/promises', 'node:child_process'],
	// Reads the version out of package.json.
	'command-line.ts': ['node:fs'],
};

/** Screens, components and views draw: everything else must start without Ink and React. */
const drawingModules = ['ink', 'react', 'ink-testing-library'];
const drawingRooms = ['app', 'screens', 'components'];

/** What the pure rooms may use of Node and of packages. */
const pureModules = ['node:path', 'node:util', 'node:crypto', 'node:buffer', 'ajv', 'ajv/dist/2020.js'];

type Import = {readonly file: string; readonly target: string; readonly line: number};

const source = join(repository, 'source');
const files = globSync('**/*.{ts,tsx}', {cwd: source}).toSorted();
const imports = files.flatMap(file => importsOf(file, readFileSync(join(source, file), 'utf8')));

suite('import directions', () => {
	test('the graph has been read', () => {
		assert.ok(files.length > 10 && imports.length > 0);
	});

	test('every file has a room', () => {
		assert.deepEqual(files.filter(file => roomOf(file) === undefined), []);
	});

	test('rooms import only from the rooms that they may', () => {
		const bad = imports.filter(({file, target}) => target.startsWith('.') && !mayImport(file, resolve(file, target)));
		assert.deepEqual(bad.map(describe), []);
	});

	test('only system/ and the guard touch the machine', () => {
		const bad = imports.filter(({file, target}) => machineModules.includes(target)
			&& !within(file, machineRooms)
			&& !Object.entries(machineExceptions).some(([room, modules]) => within(file, [room]) && modules.includes(target)));
		assert.deepEqual(bad.map(describe), []);
	});

	test('Ink and React stay where something is drawn', () => {
		const bad = imports.filter(({file, target}) => drawingModules.includes(target) && !within(file, drawingRooms));
		assert.deepEqual(bad.map(describe), []);
	});

	test('core uses nothing but pure modules', () => {
		const bad = imports.filter(({file, target}) => within(file, ['core']) && !target.startsWith('.') && !pureModules.includes(target));
		assert.deepEqual(bad.map(describe), []);
	});

	test('core has no clock, no chance and no process', () => {
		const impure = /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bMath\.random\(|(?<![\w.'])process\.|\bset(?:Timeout|Interval)\(|\brandomUUID\(/;
		const bad = files.filter(file => within(file, ['core'])).flatMap(file => lines(readFileSync(join(source, file), 'utf8'))
			.filter(({text}) => impure.test(text.replace(/^\s*(?:\/?\*|\/\/).*|\/\/ .*$/, '')))
			.map(({text, line}) => `source/${file}:${line}: ${text.trim()}`));
		assert.deepEqual(bad, []);
	});

	test('no file imports itself by way of others, be it only for a type', () => {
		assert.deepEqual(circles(imports), []);
	});

	test('a circle is noticed', () => {
		const edge = (file: string, target: string): Import => ({file, target, line: 1});
		const found = circles([edge('core/a.ts', './b/c.js'), edge('core/b/c.ts', '../d.js'), edge('core/d.ts', './a.js'), edge('core/d.ts', './e.js'), edge('core/e.ts', 'node:path')]);
		assert.deepEqual(found, ['core/a → core/b/c → core/d → core/a']);
	});

	test('a forbidden edge is noticed', () => {
		const forbidden = ['import {run} from \'../operations/run-cycle.js\';', 'export * from "../system/files.js";', 'const x = await import(\'../app/app.js\');', 'import type {\n\tA,\n} from \'../screens/a.js\';'];
		for (const text of forbidden) {
			const [found] = importsOf('core/probe.ts', text);
			assert.ok(found !== undefined && !mayImport('core/probe.ts', resolve('core/probe.ts', found.target)), text);
		}
		assert.ok(mayImport('app/probe.ts', 'commands/invocation'));
		assert.ok(!mayImport('app/probe.ts', 'commands/cycle'));
		assert.ok(!mayImport('components/probe.tsx', 'core/extension/types'));
	});
});

function importsOf(file: string, text: string): Import[] {
	const pattern = /(?:^|\n)[ \t]*(?:import|export)\s(?:[^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
	return [...text.matchAll(pattern)].map(match => ({
		file,
		target: match[1] ?? match[2] ?? '',
		line: text.slice(0, match.index + 1).split('\n').length,
	}));
}

/** Every way on which a file comes back to itself, once. */
function circles(all: readonly Import[]): readonly string[] {
	const targets = new Map<string, string[]>();
	for (const {file, target} of all.filter(({target}) => target.startsWith('.'))) {
		const from = file.replace(/\.tsx?$/, '');
		targets.set(from, [...targets.get(from) ?? [], resolve(file, target)]);
	}
	const found: string[] = [];
	const done = new Set<string>();
	const visit = (file: string, way: readonly string[]): void => {
		const before = way.indexOf(file);
		if (before !== -1) found.push([...way.slice(before), file].join(' → '));
		if (before !== -1 || done.has(file)) return;
		for (const target of targets.get(file) ?? []) visit(target, [...way, file]);
		done.add(file);
	};
	for (const file of targets.keys()) visit(file, []);
	return found;
}

/** A relative import as a path in source/ without its ending. */
function resolve(file: string, target: string): string {
	return normalize(join(dirname(file), target)).replace(/\.[jt]sx?$/, '');
}

function within(file: string, rooms: readonly string[]): boolean {
	return rooms.some(room => file === room || file.replace(/\.tsx?$/, '') === room || file.startsWith(`${room}/`));
}

function roomOf(file: string): string | undefined {
	return Object.keys(allowed).filter(room => within(file, [room])).toSorted((a, b) => b.length - a.length)[0];
}

function mayImport(file: string, target: string): boolean {
	const room = roomOf(file);
	return room !== undefined && within(target, [room, ...(allowed[room] ?? [])]);
}

function lines(text: string): {readonly text: string; readonly line: number}[] {
	return text.split('\n').map((content, index) => ({text: content, line: index + 1}));
}

function describe({file, target, line}: Import): string {
	return `source/${file}:${line} imports ${target}`;
}
