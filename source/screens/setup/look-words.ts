import {list, octal} from '../../core/checks/words.js';
import type {Symbols} from '../../components/theme.js';
import type {PathLook} from '../../core/wizard/types.js';
import type {Validation} from './text-question.js';

/** What was found at a path, in one sentence: what it is, whose it is, and what will be mended. */
export function lookWords(path: string, look: PathLook | undefined, obstacle: string | null, use: 'script' | 'template', symbols: Symbols): Validation {
	if (path === '') return {kind: 'plain', text: 'Type a path; tab completes it.'};
	if (obstacle === 'pending' || (look === undefined && obstacle === null)) return {kind: 'plain', text: `looking${symbols.ellipsis}`};
	if (obstacle !== null) return {kind: 'bad', text: look?.kind === 'missing' && look.similar.length > 0 ? `${obstacle} Did you mean ${list(look.similar.slice(0, 2)).replace(' and ', ' or ')}?` : obstacle};
	if (look === undefined) return {kind: 'plain', text: ''};
	const owner = look.owner ?? 'nobody known';
	if (use === 'template') return {kind: 'good', text: `regular file, ${owner}, ${octal(look.mode)}`};
	const mends = [...(look.owner === 'root' ? [] : ['root']), ...(look.mode === 0o700 ? [] : ['0700'])];
	const mend = mends.length === 0 ? '' : ` ${symbols.arrow} will be ${mends.join(', ')}`;
	const facts = `regular file, ${owner}, ${octal(look.mode)}${mend}`;
	if (look.syntax !== null && look.syntax !== 'fine') {
		return {kind: 'warning', text: `${facts}. But sh cannot read it: ${look.syntax.line === null ? '' : `line ${look.syntax.line}, `}${look.syntax.message}`};
	}

	const [open] = look.openPlaces;
	if (open !== undefined) return {kind: 'warning', text: `${facts}. But ${openWords(open)}: copy it to a directory of root's, as the next screens offer.`};
	return {kind: 'good', text: look.syntax === 'fine' ? `${facts} ${symbols.dot} sh can read it` : facts};
}

function openWords({path, because, owner}: PathLook['openPlaces'][number]): string {
	switch (because) {
		case 'owner': return `${path} belongs to ${owner}, who could put another file there`;
		case 'group': return `a group may write to ${path}`;
		case 'everybody': return `everybody may write to ${path}`;
	}
}
