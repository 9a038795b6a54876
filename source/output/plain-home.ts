import type {Overview} from '../core/overview.js';
import {notConfigured, overviewFacts} from '../core/overview-words.js';
import {outcomeWords, verdictSentence} from '../core/verdict-words.js';

/** What the home screen tells, as sentences for those who have no screen, with the commands in the place of its keys. Lines without ends. `now`: milliseconds since 1970. */
export function homeLines(overview: Overview, now: number): readonly string[] {
	const facts = overviewFacts(overview, now, ',').map(({label, text, aside}) => {
		const outcome = label === 'Last cycle' && overview.cycle !== null ? `${outcomeWords[overview.cycle.outcome]}, ` : '';
		return `${label}: ${outcome}${text.replaceAll(' , ', ', ').replace(': w watches it', ': quiesce watch')}${aside === '' ? '' : ` (${aside.replaceAll(' , ', ', ')})`}`;
	});
	return [
		overview.configured ? verdictSentence(overview.verdict) : notConfigured,
		...facts,
		'',
		'To go on: quiesce setup --answers FILE, quiesce doctor, quiesce cycle, quiesce watch, quiesce history, quiesce explain. All commands: quiesce --help',
	];
}
