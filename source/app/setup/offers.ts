import {checkSetting, type Application, type Detected, type Setting} from '../../applications/index.js';
import type {ApplicationOffer, ApplicationQuestion} from '../../core/wizard/types.js';

/** The bundled pairs of scripts as the wizard offers them: one for each instance that was found, and one for each application that was not. */
export async function applicationOffers(applications: readonly Application[]): Promise<readonly ApplicationOffer[]> {
	const found = await Promise.all(applications.map(async application => {
		const instances = await application.detect();
		return instances.length === 0 ? [offer(application, null, 0)] : instances.map((instance, index) => offer(application, instance, index));
	}));
	return found.flat();
}

function offer(application: Application, instance: Detected | null, index: number): ApplicationOffer {
	const settings = instance?.settings ?? {};
	return {
		id: index === 0 ? application.name : `${application.name}#${index + 1}`,
		name: application.name,
		title: instance?.title ?? application.title,
		found: instance === null ? 'not found on this machine' : `${instance.running ? 'running' : 'not running'}${instance.dataDirectory === null ? '' : `, data on ${instance.dataDirectory}`}`,
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
