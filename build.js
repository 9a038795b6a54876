// Builds what is shipped: one bundle an entry, with shared chunks, and the launcher beside them, in dist/.
// Plain JavaScript that also runs on the Node of old machines, because npm runs it before anything else.
import {accessSync, chmodSync, constants, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

process.chdir(fileURLToPath(new URL('.', import.meta.url)));
// npm runs `prepare` after npm ci, and once more at the first npx: it must not fail there, because npm would remember a broken link.
const preparing = process.env.npm_lifecycle_event === 'prepare';

const {build} = await import('esbuild').catch(() => giveUp('quiesce is not built, because what it needs is not installed. Run this first: npm ci'));
if (existsSync('dist') && !writable('dist')) giveUp('dist/ cannot be written here and is left as it is.');

// Beside the old one first: a quiesce that is running may still load a part of it.
const fresh = `dist/.new-${process.pid}`;
mkdirSync(fresh, {recursive: true});
try {
	await build({
		entryPoints: {cli: 'source/cli.ts', guard: 'source/guard.ts'},
		outdir: fresh,
		bundle: true,
		splitting: true,
		format: 'esm',
		platform: 'node',
		target: 'node24',
		minify: true,
		jsx: 'automatic',
		external: ['koffi'],
		// Ink asks for React's developer tools only in development.
		alias: {'react-devtools-core': './source/components/no-devtools.ts'},
		define: {'process.env.NODE_ENV': '"production"'},
		// CommonJS dependencies call require(), which an ES module does not have.
		banner: {js: "import {createRequire as quiesceRequire} from 'node:module'; const require = quiesceRequire(import.meta.url);"},
		logLevel: 'warning',
	});
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
