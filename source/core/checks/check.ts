import type {Facts} from './facts.js';
import type {Finding} from './finding.js';

/** Facts of which the named parts are there. */
export type With<Part extends keyof Facts> = Facts & {readonly [Name in Part]: NonNullable<Facts[Name]>};

/** One check, as data: what it looks for, what it needs to know, when it applies, what it concludes. */
export type Check = {
	/** Kebab-case, stable. */
	readonly id: string;
	/** What is fine where nothing is found: "the configuration is private". */
	readonly title: string;
	readonly needs: readonly (keyof Facts)[];
	readonly applies: (facts: Facts) => boolean;
	readonly conclude: (facts: Facts) => readonly Finding[];
};

/** Writes a check down; `conclude` gets the parts that it needs, never null. */
export function check<Part extends keyof Facts>(words: {
	readonly id: string;
	readonly title: string;
	readonly needs: readonly Part[];
	readonly applies?: (facts: With<Part>) => boolean;
	readonly conclude: (facts: With<Part>) => readonly Finding[];
}): Check {
	const there = (facts: Facts): facts is With<Part> => words.needs.every(part => facts[part] !== null);
	return {
		id: words.id,
		title: words.title,
		needs: words.needs,
		applies: facts => there(facts) && (words.applies === undefined || words.applies(facts)),
		conclude: facts => there(facts) ? words.conclude(facts) : [],
	};
}
