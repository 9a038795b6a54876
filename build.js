// Builds what is shipped into dist/: one file a command, the screens in shared pieces, and the launcher beside them.
// Plain JavaScript that also runs on the Node of old machines, because npm runs it before anything else.
import {accessSync, chmodSync, constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {builtinModules} from 'node:module';
import {basename, dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';

process.chdir(fileURLToPath(new URL('.', import.meta.url)));
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

/** What costs Node half of the time to the first frame, in packages that cannot know better: see source/components/simple-text.ts. */
const quickly = {
	name: 'quickly',
	setup(build) {
		const simple = JSON.stringify(fileURLToPath(new URL('source/components/simple-text.ts', import.meta.url)));
		const change = (filter, edit) => build.onLoad({filter}, ({path}) => {
			const before = readFileSync(path, 'utf8');
			const contents = edit(before);
			if (contents === before) throw new Error(`${path} is not what it was: look anew at what makes it slow`);
			return {contents};
		});
		const late = text => `import {latePattern, makeSegmenter, simpleColumns} from ${simple};\n${text
			.replaceAll('new Intl.Segmenter(', 'makeSegmenter(')}`;
		// It asserts one thing, for which Node loads much.
		change(/\/signal-exit\/index\.js$/, text => text.replace("require('assert')", '{equal() {}}'));
		// The layout engine would compile on other threads and be waited for, which takes twice as long for one so small. H: its bytes.
		change(/yoga-wasm-base64-esm\.js$/, text => text.replace('loadYoga = loadYoga || {};', `loadYoga = {instantiateWasm(imports, done) {
			const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(H.slice(37), 'base64')), imports);
			done(instance);
			return instance.exports;
		}};`));
		change(/node_modules\/(?:wrap-ansi\/index|slice-ansi\/tokenize-ansi|ink\/build\/line-update|@alcalzone\/ansi-tokenize\/build\/tokenize)\.js$/, late);
		change(/node_modules\/string-width\/index\.js$/, text => `${late(text)
			.replaceAll(/^const (\w+) = (\/.*\\p\{.*\/[a-z]+);$/gm, 'const $1 = latePattern(() => $2);')
			.replace('export default function stringWidth(', 'function thoroughWidth(')}
export default function stringWidth(input, options) {
	const simple = typeof input === 'string' && options?.ambiguousIsNarrow !== false ? simpleColumns(options?.countAnsiEscapeCodes === true ? input : stripAnsi(input)) : null;
	return simple ?? thoroughWidth(input, options);
}`);
	},
};

/** CommonJS dependencies call require(), which an ES module does not have. */
const required = {
	name: 'required',
	setup(build) {
		build.onResolve({filter: /^[\w:/]+$/}, ({path, kind}) => (kind === 'require-call' && builtinModules.includes(path.replace('node:', '')) ? {path, namespace: 'node'} : undefined));
		build.onLoad({filter: /./, namespace: 'node'}, ({path}) => ({contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`}));
	},
};

/**
 * Node's own modules as they are. An `import` of one first makes a facade, for which every property is read, also those that load something when they
 * are: 4 ms for node:util, as much for node:process.
 */
function withoutFacades(text) {
	const taken = [];
	const rest = text.replaceAll(/\bimport(?: ?([\w$]+),?)? ?(?:\{([^}"]*)\}|\* ?as ([\w$]+))? ?from ?"(node:[\w/]+)";/g, (_, whole, names, all, module) => {
		const wanted = [whole, all].filter(Boolean).map(name => `${name}=m`);
		if (names) wanted.push(`{${names.replaceAll(/ as /g, ':')}}=m`);
		taken.push(wanted.map(part => part.replace(/m$/, `process.getBuiltinModule("${module}")`)).join(','));
		return '';
	});
	return taken.length === 0 ? text : `const ${taken.join(',')};${rest}`;
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
		// Ink asks for React's developer tools only in development.
		alias: {'react-devtools-core': './source/components/no-devtools.ts'},
		define: {'process.env.NODE_ENV': '"production"'},
		plugins: [quickly, required],
		logLevel: 'warning',
	};
	const built = await Promise.all([
		// Each command in one file with all that it needs and no more: loading many small ones takes longer than the commands themselves.
		build({...common, entryPoints: {cli: 'source/cli.ts', guard: 'source/guard.ts', ...Object.fromEntries(commandFiles().map(name => [`command-${name}`, `source/commands/${name}.ts`]))}, plugins: [apart, required]}),
		// The screens share Ink, and each view is loaded when it is opened.
		build({...common, entryPoints: {app: 'source/app/app.tsx'}, splitting: true, chunkNames: 'screen-[name]-[hash]'}),
	]);
	for (const {path, text} of built.flatMap(({outputFiles}) => outputFiles)) writeFileSync(path, withoutFacades(text));
	copyFileSync('source/launcher.sh', `${fresh}/quiesce`);
	chmodSync(`${fresh}/quiesce`, 0o755);
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
