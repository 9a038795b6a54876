// Builds what is shipped into dist/: one file a command, the screens in shared pieces and once more for a warm start, and the launcher beside them.
// Plain JavaScript that also runs on the Node of old machines, because npm runs it before anything else.
import {accessSync, chmodSync, constants, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {basename, dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {requiredModules, withoutFacades} from './bundling/node-modules.js';
import {packageChanges} from './bundling/package-changes.js';

process.chdir(fileURLToPath(new URL('.', import.meta.url)));
// Who is not root is told so by quiesce itself, and must be able to read it.
process.umask(0o022);
// npm runs `prepare` after npm ci, and once more at the first npx: it must not fail there, because npm would remember a broken link.
const preparing = process.env.npm_lifecycle_event === 'prepare';

/** What is loaded when it is called for, and therefore lies in a file of its own: the commands, and the app. */
const apart = {
	name: 'apart',
	setup(bundle) {
		bundle.onResolve({filter: /^\.{1,2}\//}, ({path, importer, kind}) => {
			if (kind !== 'dynamic-import') return undefined;
			const target = relative('source', join(dirname(importer), path)).replace(/\.js$/, '');
			if (target === 'app/app') return {path: './app.js', external: true};
			return dirname(target) === 'commands' ? {path: `./command-${basename(target)}.js`, external: true} : undefined;
		});
	},
};

/** The files of source/commands/ that are loaded by name; the others belong to the command line itself. */
function commandFiles() {
	const own = ['table', 'parse', 'mode', 'invocation'];
	return readdirSync('source/commands').map(name => basename(name, '.ts')).filter(name => !own.includes(name));
}

const {build} = await import('esbuild').catch(() => giveUp('quiesce is not built, because what it needs is not installed. Run this first: npm ci'));
if (existsSync('dist') && !writable('dist')) giveUp('dist/ cannot be written here and is left as it is.');

// Beside the old one first: a quiesce that is running may still load a part of it.
const fresh = `dist/.new-${process.pid}`;
mkdirSync(fresh, {recursive: true});
try {
	const common = {
		outdir: fresh,
		write: false,
		bundle: true,
		format: 'esm',
		platform: 'node',
		target: 'node24',
		minify: true,
		jsx: 'automatic',
		external: ['koffi'],
		define: {'process.env.NODE_ENV': '"production"'},
		plugins: [packageChanges, requiredModules],
		logLevel: 'warning',
	};
	const built = await Promise.all([
		// Each command in one file with all that it needs and no more: loading many small ones takes longer than the commands themselves.
		build({...common, entryPoints: {cli: 'source/cli.ts', guard: 'source/guard.ts', ...Object.fromEntries(commandFiles().map(name => [`command-${name}`, `source/commands/${name}.ts`]))}, plugins: [apart, requiredModules], define: {...common.define, 'performance.now': 'quickNow'}, inject: ['bundling/quick-now.js']}),
		// The screens share Ink, and each view is loaded when it is opened.
		build({...common, entryPoints: {app: 'source/app/app.tsx'}, splitting: true, chunkNames: 'screen-[name]-[hash]'}),
	]);
	for (const {path, text} of built.flatMap(({outputFiles}) => outputFiles)) writeFileSync(path, withoutFacades(text));
	copyFileSync('source/launcher.sh', `${fresh}/quiesce`);
	chmodSync(`${fresh}/quiesce`, 0o755);
	const {makeWarmStart} = await import('./bundling/warm-start.js');
	const why = await makeWarmStart(fresh, common);
	if (why !== null) process.stderr.write(`The screens will take longer to come than they could: ${why}\n`);
	const names = readdirSync(fresh);
	for (const name of names) renameSync(`${fresh}/${name}`, `dist/${name}`);
	for (const name of readdirSync('dist')) {
		if (!names.includes(name) && !name.startsWith('.new-')) rmSync(`dist/${name}`, {recursive: true});
	}
} finally {
	rmSync(fresh, {recursive: true, force: true});
}

function writable(path) {
	try {
		accessSync(path, constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

/** @returns {never} */
function giveUp(sentence) {
	process.stderr.write(`${sentence}\n`);
	process.exit(preparing ? 0 : 1);
}
