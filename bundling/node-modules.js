// How a bundle gets at Node's own modules.
import {builtinModules} from 'node:module';

const own = new Set(builtinModules);

function taken(build, kinds) {
	build.onResolve({filter: /^[\w:/]+$/}, ({path, kind}) => (kinds.includes(kind) && own.has(path.replace('node:', '')) ? {path: path.replace(/^(?!node:)/, 'node:'), namespace: 'node'} : undefined));
	build.onLoad({filter: /./, namespace: 'node'}, ({path}) => ({contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`}));
}

/** CommonJS dependencies call require(), which an ES module does not have. */
export const requiredModules = {name: 'required-modules', setup: build => taken(build, ['require-call'])};

/** All of them, where `require` and `import` are not there at all. */
export const allModules = {name: 'all-modules', setup: build => taken(build, ['require-call', 'import-statement', 'dynamic-import'])};

/**
 * Node's own modules as they are. An `import` of one first makes a facade, for which every property is read, also those that load something when they
 * are: 4 ms for node:util, as much for node:process.
 */
export function withoutFacades(text) {
	const taken = [];
	const rest = text.replaceAll(/\bimport(?: ?([\w$]+),?)? ?(?:\{([^}"]*)\}|\* ?as ([\w$]+))? ?from ?"(node:[\w/]+)";/g, (_, whole, names, all, module) => {
		const wanted = [whole, all].filter(Boolean).map(name => `${name}=m`);
		if (names) wanted.push(`{${names.replaceAll(/ as /g, ':')}}=m`);
		taken.push(wanted.map(part => part.replace(/m$/, `process.getBuiltinModule("${module}")`)).join(','));
		return '';
	});
	return taken.length === 0 ? text : `const ${taken.join(',')};${rest}`;
}
