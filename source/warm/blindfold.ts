/*
 * What is loaded for a warm start is loaded on the machine on which quiesce is built, and then started on any other, by anybody, with another environment:
 * nothing of it may look at these while it is loaded. Whatever does ends the build. Imported before everything else.
 */

const values = ['env', 'argv', 'execArgv', 'stdin', 'stdout', 'stderr', 'pid', 'ppid'] as const;
const functions = ['cwd', 'umask', 'geteuid', 'getuid', 'uptime', 'hrtime', 'cpuUsage', 'memoryUsage'] as const;
const hidden = [...values, ...functions].flatMap(name => {
	const property = Object.getOwnPropertyDescriptor(process, name);
	return property === undefined ? [] : [{name, property}];
});
let off = false;

/** Node's own modules look whether there are colours, and so on: they see the empty environment that the build gives them, and no streams. */
function look(name: string): void {
	if (off || /^\s*at .*\(?node:internal\//.test(new Error('who asks').stack?.split('\n')[3] ?? '')) return;
	throw new Error(`process.${name} was looked at while quiesce was loaded for a warm start, which would keep what it was during the build`);
}

for (const {name, property} of hidden) {
	const value = property.value as unknown;
	const shown = typeof value === 'function'
		// To hold it is no harm; what it answers would be.
		? {value: (...words: readonly unknown[]) => {
			look(name);
			return Reflect.apply(value, process, words) as unknown;
		}}
		: {get: () => {
			look(name);
			return name.startsWith('std') ? undefined : value ?? property.get?.call(process) as unknown;
		}};
	Object.defineProperty(process, name, {configurable: true, enumerable: property.enumerable === true, ...shown});
}

/** From now on everything can be looked at: this is the end of loading. */
export function takeBlindfoldOff(): void {
	off = true;
	for (const {name, property} of hidden) Object.defineProperty(process, name, property);
}
