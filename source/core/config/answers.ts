import {Buffer} from 'node:buffer';
import {Ajv2020} from 'ajv/dist/2020.js';
import type {ErrorObject} from 'ajv/dist/2020.js';
import schema from '../../../templates/answers.schema.json' with {type: 'json'};
import {shown} from '../checks/words.js';
import {distance} from '../spelling-distance.js';
import type {AnswerProblem} from './settings.js';

// The schema itself is checked by a test, not at every start: that takes longer than all the rest.
const validate = new Ajv2020({allErrors: true, strict: true, allowUnionTypes: true, meta: false, validateSchema: false}).compile(schema);

/** All keys that answers may have. */
export const answerKeys: readonly string[] = Object.keys(schema.properties);

/** What is expected of each key, as a clause. */
const expectations: Readonly<Record<string, string>> = {
	pluginName: 'a name as text, by default "ScriptRunner"',
	preScriptLocation: 'an absolute path, as text without line breaks',
	postScriptLocation: 'an absolute path, as text without line breaks',
	preScriptParams: 'a list of texts, one for each parameter: ["/data", "60"]',
	postScriptParams: 'a list of texts, one for each parameter: ["/data", "60"]',
	preScriptNoOfRetries: 'a whole number from 0 to 1800, without quotes',
	postScriptNoOfRetries: 'a whole number from 0 to 1800, without quotes',
	timeoutInSeconds: 'a whole number of seconds from 1 to 1800, without quotes',
	continueBackupOnFailure: 'true or false, without quotes',
	fsFreezeEnabled: 'true or false, without quotes',
	ScriptsExecutionPollTimeSeconds: 'a whole number of seconds from 1 to 5, without quotes',
	application: 'the name of a bundled application, as text, or a list of such names: ["postgresql", "redis"]',
	applicationSettings: 'an object whose values are texts, numbers, true or false; where application is a list, one such object for each name',
};

/** What is expected of a value that is merely too long, as a clause. */
const limits: Readonly<Record<string, string>> = {
	pluginName: 'a name of at most 200 characters',
	preScriptLocation: 'an absolute path of at most 4095 characters, as long as Linux allows',
	postScriptLocation: 'an absolute path of at most 4095 characters, as long as Linux allows',
	preScriptParams: 'at most 1000 parameters',
	postScriptParams: 'at most 1000 parameters',
};

/** How many bytes all parameters of a script may have together: a fraction of what Linux passes to a program, which depends on limits of the machine. */
const mostParameterBytes = 1024 * 1024;
/** How long one parameter may be, its end included (MAX_ARG_STRLEN of execve). */
const longestParameter = 131_072;

/** What is wrong with answers, a problem a key; none where they can be taken. Says nothing about files: whether a script is there is a matter of the machine. */
export function validateAnswers(value: unknown): readonly AnswerProblem[] {
	const problems = new Map<string, AnswerProblem>();
	const add = (problem: AnswerProblem): void => {
		if (!problems.has(problem.key)) problems.set(problem.key, problem);
	};

	if (!validate(value)) {
		for (const error of validate.errors ?? []) {
			const problem = problemOf(error, value);
			if (problem !== null) add(problem);
		}
	}

	if (typeof value === 'object' && value !== null) {
		for (const key of ['preScriptParams', 'postScriptParams']) {
			const problem = sizeProblem(key, (value as Readonly<Record<string, unknown>>)[key]);
			if (problem !== null) add(problem);
		}

		const problem = depthProblem(value as Readonly<Record<string, unknown>>);
		if (problem !== null) add(problem);
	}

	return [...problems.values()];
}

/** What is wrong with one answer; null where it can be taken. For a field that is checked as it is typed. */
export function checkAnswer(key: string, value: unknown): AnswerProblem | null {
	return validateAnswers({[key]: value}).find(problem => problem.key === key) ?? null;
}

/** A problem with a value of which it is known what was expected. */
export function valueProblem(key: string, value: unknown, expected = expectations[key] ?? 'another value'): AnswerProblem {
	return {key, value, expected, message: `${key} is ${described(value)}. Expected: ${expected}.`};
}

function problemOf({instancePath, keyword, params}: ErrorObject, value: unknown): AnswerProblem | null {
	if (instancePath === '') {
		if (keyword === 'type') {
			const expected = 'one JSON object, { … }, with the configuration\'s keys';
			return {key: '', value, expected, message: `The answers are ${described(value)}. Expected: ${expected}.`};
		}

		if (keyword === 'additionalProperties') return unknownKey(String(params['additionalProperty']), value);
		if (keyword === 'dependentRequired') {
			// Their values are not repeated: there may be secrets among them.
			const expected = 'application as well, the name of the bundled application whose settings they are';
			return {key: 'applicationSettings', value: null, expected, message: `applicationSettings stand alone. Expected: ${expected}.`};
		}

		// The schemas of the keys say more.
		return null;
	}

	const [key = '', ...inner] = instancePath.slice(1).split('/').map(word => word.replaceAll('~1', '/').replaceAll('~0', '~'));
	const given = (value as Readonly<Record<string, unknown>>)[key];
	if (keyword === 'false schema') {
		return valueProblem(key, given, 'either application, whose scripts are installed, or script locations, not both');
	}

	const [place, below] = inner;
	if (key === 'application') return valueProblem(key, given, keyword === 'uniqueItems' ? 'each application once' : undefined);
	if (place !== undefined && Array.isArray(given)) {
		const item: unknown = given[Number(place)];
		const which = `Parameter ${Number(place) + 1} in ${key}`;
		const expected = typeof item === 'string' ? 'a text of less than 128 kB without NUL characters' : `a text, in quotes: ${typeof item === 'object' ? '"…"' : JSON.stringify(String(item))}`;
		return {key, value: item, expected, message: `${which} is ${described(item)}. Expected: ${expected}.`};
	}

	if (place !== undefined && key === 'applicationSettings') {
		const item = (given as Readonly<Record<string, unknown>>)[place];
		return below === undefined ? settingProblem(place, item) : settingProblem(`${place}.${below}`, (item as Readonly<Record<string, unknown>>)[below]);
	}

	return valueProblem(key, given, keyword === 'maxLength' || keyword === 'maxItems' ? limits[key] : undefined);
}

/** Values are not repeated: there may be secrets among them. */
function settingProblem(place: string, item: unknown, expected = 'a text, a number, true or false'): AnswerProblem {
	const key = 'applicationSettings';
	const type = item === null ? 'null' : Array.isArray(item) ? 'a list' : typeof item === 'object' ? 'an object' : 'a single value';
	return {key, value: null, expected, message: `${place} in ${key} is ${type}. Expected: ${expected}.`};
}

/** Settings are by name where several applications are named, and only there. */
function depthProblem({application, applicationSettings: settings}: Readonly<Record<string, unknown>>): AnswerProblem | null {
	if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return null;
	const several = Array.isArray(application);
	const wrong = Object.entries(settings as Readonly<Record<string, unknown>>).find(([, item]) => (typeof item === 'object') !== several);
	if (wrong === undefined) return null;
	return several ? settingProblem(wrong[0], wrong[1], 'an object with the settings of that application, because application is a list') : settingProblem(wrong[0], wrong[1]);
}

function unknownKey(key: string, value: unknown): AnswerProblem {
	const nearest = nearestKey(key);
	const expected = nearest === null ? `one of ${answerKeys.join(', ')}` : nearest;
	return {
		key,
		value: (value as Readonly<Record<string, unknown>>)[key],
		expected,
		message: `There is no setting ${shown(key)}. ${nearest === null ? `There are: ${answerKeys.join(', ')}.` : `Did you mean ${nearest}?`}`,
	};
}

/** The key that was surely meant; null where none is near. */
export function nearestKey(key: string): string | null {
	const plain = (word: string): string => word.toLowerCase().replace(/[^a-z\d]/g, '');
	const wanted = plain(key.slice(0, 80));
	const [best] = answerKeys
		.map(known => ({known, far: distance(plain(known), wanted, Math.floor(known.length / 4))}))
		.filter(({known, far}) => far <= Math.floor(known.length / 4))
		.sort((left, right) => left.far - right.far);
	return best?.known ?? null;
}

/** A value in a sentence, with its type where that is the matter: `"30", a text`. */
function described(value: unknown): string {
	if (value === null || typeof value === 'boolean' || typeof value === 'number') return shown(value);
	if (typeof value === 'string') return `${shown(value)}, a text`;
	if (value === undefined) return 'missing';
	return `${shown(value)}, ${Array.isArray(value) ? 'a list' : 'an object'}`;
}

function sizeProblem(key: string, value: unknown): AnswerProblem | null {
	if (!Array.isArray(value)) return null;
	let total = 0;
	for (const [index, item] of (value as readonly unknown[]).entries()) {
		if (typeof item !== 'string') return null;
		const bytes = Buffer.byteLength(item) + 1;
		if (bytes > longestParameter) return problemOf({instancePath: `/${key}/${index}`, keyword: 'maxLength', params: {}, schemaPath: ''}, {[key]: value});
		total += bytes;
	}

	return total <= mostParameterBytes ? null : valueProblem(key, value, 'parameters of 1 MB together at most; put long values into a file and pass its path');
}
