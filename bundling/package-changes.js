// What the bundle changes in packages that cannot know what quiesce knows.
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const ours = name => fileURLToPath(new URL(`../source/components/${name}.ts`, import.meta.url));
const simple = JSON.stringify(ours('simple-text'));

/** Gives texts that measure and split text a quick way: see source/components/simple-text.ts. */
const late = text => `import {latePattern, makeSegmenter, simpleColumns} from ${simple};\n${text.replaceAll('new Intl.Segmenter(', 'makeSegmenter(')}`;

/** Files of packages, and what becomes of their text. Where nothing does, the package has changed, and the build ends. */
const changes = [
	// It asserts one thing, for which Node loads much, and looks whether there is a process at all.
	[/\/signal-exit\/index\.js$/, text => text.replace("require('assert')", '{equal() {}}').replace("typeof process.pid === 'number'", 'true')],
	// The layout engine would compile on other threads and be waited for, which takes twice as long for one so small. H: its bytes.
	[/yoga-wasm-base64-esm\.js$/, text => text.replace('var _scriptDir = import.meta.url;', "var _scriptDir = '';").replace('loadYoga = loadYoga || {};', `loadYoga.instantiateWasm = (imports, done) => {
		const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(H.slice(37), 'base64')), imports);
		done(instance);
		return instance.exports;
	};`)],
	// Made when it is first asked for something: it cannot be kept for a warm start.
	[/yoga-layout\/dist\/src\/index\.js$/, text => text.replace('const Yoga = wrapAssembly(await loadYoga());', `import constants from './generated/YGEnums.js';
const Yoga = {...constants};
for (const name of ['Config', 'Node']) {
	Object.defineProperty(Yoga, name, {configurable: true, enumerable: true, get() {
		const engine = {};
		loadYoga(engine);
		const made = wrapAssembly(engine);
		for (const name of ['Config', 'Node']) Object.defineProperty(Yoga, name, {value: made[name]});
		return made[name];
	}});
}`)],
	// Nobody develops React in a tool of root's, whatever the environment says.
	[/ink\/build\/reconciler\.js$/, text => text.replaceAll("process.env['DEV'] === 'true'", 'false').replace("await import('./devtools.js')", 'undefined').replace('await loadPackageJson()', '{}')],
	// Only what stands outside of all of Ink's own providers would see these.
	[/ink\/build\/components\/Std(?:in|out|err)Context\.js$/, text => text.replace(/: process\.std(?:in|out|err),/, ': undefined,')],
	// What a view threw is reported when the screen is gone (source/app/app.tsx), and not by reading source files of quiesce's.
	[/ink\/build\/components\/ErrorOverview\.js$/, () => 'export default function ErrorOverview() {\n\treturn null;\n}'],
	// Whether there is a screen at all has been decided before Ink is loaded (source/commands/mode.ts).
	[/is-in-ci\/index\.js$/, text => text.replace(/const isInCi = .*;/, 'const isInCi = false;').replace("import {env} from 'node:process';", '').replace(/^const check = .*;$/m, '')],
	// What it writes differently in other terminals (saving the cursor, links) is not used.
	[/ansi-escapes\/base\.js$/, text => text.replace(/^const (isTerminalApp|isTmux) = .*;$/gm, 'const $1 = false;')],
	// Sixteen colours by name are all that is used, and who wants none gets none from source/components/theme.ts.
	[/chalk\/source\/vendor\/supports-color\/index\.js$/, () => 'const sixteen = {level: 1, hasBasic: true, has256: false, has16m: false};\nexport default {stdout: sixteen, stderr: sixteen};'],
	[/node_modules\/(?:wrap-ansi\/index|slice-ansi\/tokenize-ansi|ink\/build\/line-update|@alcalzone\/ansi-tokenize\/build\/tokenize)\.js$/, late],
	[/node_modules\/string-width\/index\.js$/, text => `${late(text)
		.replaceAll(/^const (\w+) = (\/.*\\p\{.*\/[a-z]+);$/gm, 'const $1 = latePattern(() => $2);')
		.replace('export default function stringWidth(', 'function thoroughWidth(')}
export default function stringWidth(input, options) {
	const simple = typeof input === 'string' && options?.ambiguousIsNarrow !== false ? simpleColumns(options?.countAnsiEscapeCodes === true ? input : stripAnsi(input)) : null;
	return simple ?? thoroughWidth(input, options);
}`],
];

/** Changes packages as above: most of them for what costs Node half of the time to the first frame, some for what a warm start could not keep. */
export const packageChanges = {
	name: 'package-changes',
	setup(build) {
		for (const [filter, edit] of changes) {
			build.onLoad({filter}, ({path}) => {
				const before = readFileSync(path, 'utf8');
				const contents = edit(before);
				if (contents === before) throw new Error(`${path} is not what it was: look anew at what is changed in it`);
				return {contents};
			});
		}
	},
};
