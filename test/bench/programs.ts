import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {build, type BuildOptions} from 'esbuild';
import {must} from '../support/process.js';
import {repository, type Sandbox} from '../support/sandbox.js';

/** The programs that measure, and those that quiesce is measured beside. Compiled once, removed at the end. */
export type Programs = {
	readonly stopwatch: string;
	readonly freeze: string;
	readonly load: string;
	/** Ink's own first example, as it is bundled and as it is installed, and a progress bar that is drawn anew ten times a second. */
	readonly inkHello: {readonly bundled: string; readonly unbundled: string};
	readonly inkProgress: string;
	/** The doctor with 500 findings, see many-findings.ts: its number of findings is the first word. */
	readonly manyFindings: string;
	readonly end: () => Promise<void>;
};

export async function makePrograms(): Promise<Programs> {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-bench-'));
	const compile = async (name: string, ...more: readonly string[]): Promise<string> => {
		const program = join(directory, name);
		await must('gcc', ['-O2', '-D_GNU_SOURCE', '-pthread', '-o', program, join(repository, `test/bench/${name}.c`), ...more]);
		return program;
	};
	const bundled = async (name: string, text: string, more: BuildOptions = {}): Promise<string> => {
		const outfile = join(directory, `${name}.mjs`);
		await build({
			stdin: {contents: text, resolveDir: repository, loader: 'jsx'}, outfile, bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node24', jsx: 'automatic', logLevel: 'error',
			alias: {'react-devtools-core': join(directory, 'none.mjs')}, define: {'process.env.NODE_ENV': '"production"'},
			banner: {js: 'import {createRequire} from "node:module"; const require = createRequire(import.meta.url);'},
			...more,
		});
		return outfile;
	};
	writeFileSync(join(directory, 'none.mjs'), 'export default {};\n');
	const hello = 'import React from "react";\nimport {render, Text} from "ink";\nrender(React.createElement(Text, {color: "green"}, "Hello"));\nsetTimeout(() => {}, 1000);\n';
	const unbundled = join(repository, 'node_modules/.quiesce-bench-hello.mjs');
	writeFileSync(unbundled, hello);
	const {packageChanges} = await import(pathToFileURL(join(repository, 'bundling/package-changes.js')).href) as {packageChanges: NonNullable<BuildOptions['plugins']>[number]};
	const {requiredModules} = await import(pathToFileURL(join(repository, 'bundling/node-modules.js')).href) as {requiredModules: NonNullable<BuildOptions['plugins']>[number]};
	return {
		stopwatch: await compile('stopwatch', '-lutil'),
		freeze: await compile('freeze'),
		load: await compile('load'),
		inkHello: {bundled: await bundled('hello', hello), unbundled},
		inkProgress: await bundled('progress', `
			import {useEffect, useState} from 'react';
			import {render, Box, Text} from 'ink';
			function Progress() {
				const [step, setStep] = useState(0);
				useEffect(() => {
					const timer = setInterval(() => setStep(step => step + 1), 100);
					return () => clearInterval(timer);
				}, []);
				const done = step % 600;
				return <Box><Text color="green">{'█'.repeat(done / 15)}{'░'.repeat(40 - Math.floor(done / 15))}</Text><Text> {(done / 6).toFixed(1)} %  {(step / 10).toFixed(1)} s</Text></Box>;
			}
			render(<Progress />);`),
		// As quiesce itself is bundled.
		manyFindings: await bundled('many-findings', `import ${JSON.stringify(join(repository, 'build/test/bench/many-findings.js'))};`, {banner: {}, external: ['koffi'], plugins: [packageChanges, requiredModules]}),
		end: async () => {
			rmSync(directory, {recursive: true, force: true});
			rmSync(unbundled, {force: true});
		},
	};
}

/** What one run took: milliseconds, and the most memory in MB. */
export type Timing = {readonly ms: number; readonly processorMs: number; readonly megabytes: number};

/** The stopwatch inside a sandbox. Throws where the command does not end as expected. */
export class Stopwatch {
	readonly #program: string;
	readonly #sandbox: Pick<Sandbox, 'commandLine' | 'environment'>;

	constructor({stopwatch}: Pick<Programs, 'stopwatch'>, sandbox: Pick<Sandbox, 'commandLine' | 'environment'>) {
		this.#program = stopwatch;
		this.#sandbox = sandbox;
	}

	/** From the start to the end. */
	exit(command: readonly string[], exitCode = 0): Timing {
		const [line = ''] = this.run(['exit', ...command]);
		const [ms = '', code = '', processorMs = '', kilobytes = ''] = line.split(' ');
		if (Number(code) !== exitCode) throw new Error(`${command.join(' ')} ended with ${code}`);
		return {ms: Number(ms), processorMs: Number(processorMs), megabytes: Number(kilobytes) / 1024};
	}

	/** From the start to the first visible character, or to a text, on a terminal. */
	screen(command: readonly string[], shows?: string): Timing {
		const [line = ''] = this.run([...(shows === undefined ? ['frame'] : ['shows', shows]), ...command]);
		const [ms, , processorMs, kilobytes] = line.split(' ').map(Number);
		return {ms: ms ?? Number.NaN, processorMs: processorMs ?? Number.NaN, megabytes: (kilobytes ?? Number.NaN) / 1024};
	}

	/** Milliseconds and milliseconds of work from each key to its frame. */
	keys(command: readonly string[], {ready, count, keys}: {readonly ready: string; readonly count: number; readonly keys: string}): readonly {readonly ms: number; readonly workMs: number}[] {
		return this.run(['keys', ready, String(count), keys, ...command]).map(line => {
			const [ms = Number.NaN, workMs = Number.NaN] = line.split(' ').map(Number);
			return {ms, workMs};
		});
	}

	run(words: readonly string[]): readonly string[] {
		const [program = '', ...rest] = this.#sandbox.commandLine(this.#program, words);
		const {status, stdout, stderr} = spawnSync(program, rest, {env: {...this.#sandbox.environment, TERM: 'xterm-256color'}, encoding: 'utf8'});
		if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr.slice(-2000)}`);
		return stdout.trim().split('\n');
	}
}
