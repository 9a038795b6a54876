import {checkSetting, type Application, type Detected, type Setting} from '../../applications/index.js';
import {list} from '../../core/checks/words.js';
import {visible} from '../../core/visible-text.js';
import {together} from '../../core/wizard/entries.js';
import type {ApplicationOffer, ApplicationQuestion} from '../../core/wizard/types.js';

/** The bundled pairs of scripts as the wizard offers them: all that run here together, one for each instance that was found, and one for each application that was not. */
export async function applicationOffers(applications: readonly Application[]): Promise<readonly ApplicationOffer[]> {
	const found = await Promise.all(applications.map(async application => {
		const instances = await application.detect();
		return instances.length === 0 ? [offer(application, null, 0)] : instances.map((instance, index) => offer(application, instance, index));
	}));
	return [...several(found.flatMap(offers => offers.find(({running}) => running) ?? [])), ...found.flat()];
}

/** Questions that every pair of scripts has, and that fit as they are. */
const hardlyAsked = new Set(['giveUp', 'logFile']);

/** Where more than one application runs: one of each. */
function several(parts: readonly ApplicationOffer[]): readonly ApplicationOffer[] {
	if (parts.length < 2) return [];
	return [{
		id: together,
		name: '',
		title: list(parts.map(({title}) => title), parts.length),
		found: 'one pair of scripts runs those of each, in the directory quiesce.d',
		running: true,
		detected: true,
		summary: 'Holds one application after another and lets them go in reverse; where one cannot be held, the others are let go at once, and the pre-script fails. Scripts of your own can be put beside them.',
		settings: Object.assign({}, ...parts.map(({name, settings}) => named(name, settings))) as Record<string, string>,
		questions: parts.flatMap(({name, title, questions}) => questions.filter(one => !hardlyAsked.has(one.name)).map(one => ({...one, name: `${name}.${one.name}`, question: `${title}: ${one.question}`}))),
		parts,
		parameters: () => ({pre: [], post: []}),
	}];
}

function named(name: string, settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
	return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${name}.${key}`, value]));
}

function offer(application: Application, instance: Detected | null, index: number): ApplicationOffer {
	const settings = instance?.settings ?? {};
	return {
		id: index === 0 ? application.name : `${application.name}#${index + 1}`,
		name: application.name,
		// What other users' processes call themselves acts on no terminal.
		title: visible(instance?.title ?? application.title),
		found: visible(instance === null ? application.undetected ?? 'not found on this machine' : `${instance.running ? 'running' : 'not running'}${instance.dataDirectory === null ? '' : `, data on ${instance.dataDirectory}`}`),
		running: instance?.running ?? false,
		detected: instance !== null,
		summary: application.summary,
		settings,
		questions: application.settings.filter(({name}) => !Object.hasOwn(settings, name)).map(setting => question(setting)),
		parameters: given => {
			const {preParameters, postParameters} = application.scripts(given);
			return {pre: preParameters, post: postParameters};
		},
	};
}

function question(setting: Setting): ApplicationQuestion {
	return {
		name: setting.name,
		question: setting.question,
		default: setting.default,
		help: setting.help,
		secret: setting.secret === true,
		choices: setting.choices ?? null,
		check: value => checkSetting(setting, value)[0]?.message ?? (setting.required === true && value === '' ? 'This cannot be left empty.' : null),
	};
}
