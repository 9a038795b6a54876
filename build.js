// Builds what is shipped: one bundle an entry, with shared chunks, and the launcher beside them.
// Plain JavaScript that also runs on the Node of old machines, because npm runs it before anything else.
import {chmodSync, copyFileSync, mkdirSync, rmSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
process.chdir(root);
rmSync('dist', {recursive: true, force: true});
mkdirSync('dist');

await build({
	entryPoints: {cli: 'source/cli.ts', guard: 'source/guard.ts'},
	outdir: 'dist',
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

copyFileSync('source/launcher.sh', 'dist/quiesce');
chmodSync('dist/quiesce', 0o755);
