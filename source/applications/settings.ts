import type {Application, ApplicationSettings, Setting, SettingProblem} from './application.js';

/** The settings of an application, checked: with them, or with all that is wrong with them. `value` is anything, as it came out of JSON. */
export function checkSettings(application: Application, value: unknown): {readonly settings: ApplicationSettings; readonly problems: readonly SettingProblem[]} {
	if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
		return {settings: {}, problems: [problem('applicationSettings', value, 'an object', 'The settings of an application are an object of names and values.')]};
	}
	const given = (value ?? {}) as Readonly<Record<string, unknown>>;
	const settings: Record<string, string> = {};
	const problems: SettingProblem[] = [];
	for (const [key, one] of Object.entries(given)) {
		const setting = application.settings.find(({name}) => name === key);
		const known = application.settings.map(({name}) => name).join(', ');
		if (setting === undefined) problems.push(problem(key, one, `one of ${known}`, `${application.title} has no setting called ${key}.`));
		else if (typeof one !== 'string' && typeof one !== 'number') problems.push(problem(key, one, 'text', `The setting ${key} must be text.`));
		else problems.push(...checkSetting(setting, settings[key] = String(one)));
	}
	for (const setting of application.settings) {
		if (setting.required === true && (settings[setting.name] ?? setting.default) === '' && !problems.some(({key}) => key === setting.name)) {
			problems.push(problem(setting.name, settings[setting.name] ?? null, kindInWords(setting), `${application.title} needs the setting ${setting.name}: ${setting.help}`));
		}
	}
	return {settings, problems: problems.length > 0 ? problems : application.check?.(settings) ?? []};
}

/** What is wrong with one value; nothing where it can be taken. */
export function checkSetting(setting: Setting, value: string): readonly SettingProblem[] {
	const wrong = (message: string): readonly SettingProblem[] => [problem(setting.name, setting.secret === true ? null : value, kindInWords(setting), message)];
	if (/[\0-\x09\x0B-\x1F\x7F]/.test(value) || (setting.kind !== 'paths' && value.includes('\n'))) return wrong(`The setting ${setting.name} has control characters in it.`);
	if (value === '') return [];
	switch (setting.kind) {
		case 'seconds':
			return /^[1-9]\d{0,4}$/.test(value) ? [] : wrong(`The setting ${setting.name} must be whole seconds above zero; it is "${value}".`);
		case 'path':
			return value.startsWith('/') ? [] : wrong(`The setting ${setting.name} must be an absolute path; it is "${value}".`);
		case 'paths': {
			const bad = value.split('\n').find(path => path !== '' && !path.startsWith('/'));
			return bad === undefined ? [] : wrong(`The setting ${setting.name} must be absolute paths, one a line; "${bad}" is not.`);
		}
		case 'choice':
			return setting.choices?.includes(value) === true ? [] : wrong(`The setting ${setting.name} must be ${kindInWords(setting)}; it is "${value}".`);
		default:
			return [];
	}
}

/** The settings file beside the scripts: `name='value'` lines that `sh` reads, with what each is for; empty ones are comments. */
export function settingsFile(application: Application, settings: ApplicationSettings): string {
	const lines = [`# Settings of the scripts for ${application.title}. Read by sh: name='value'. Owner root, mode 600.`];
	for (const setting of application.settings) {
		const value = settings[setting.name] ?? setting.default;
		lines.push('', ...setting.help.split('\n').map(line => `# ${line}`), `${value === '' ? '#' : ''}${snakeCase(setting.name)}=${quote(value)}`);
	}
	return `${lines.join('\n')}\n`;
}

/** Reads back what `settingsFile` has written, hand-made changes of its kind included; what is not in it, or written otherwise, is left out. */
export function readSettingsFile(application: Application, text: string): ApplicationSettings {
	const settings: Record<string, string> = {};
	for (const {name} of application.settings) {
		const value = new RegExp(`^${snakeCase(name)}='((?:[^']|'\\\\'')*)'[ \\t]*$`, 'm').exec(text)?.[1];
		if (value !== undefined) settings[name] = value.replaceAll('\'\\\'\'', '\'');
	}
	return settings;
}

function snakeCase(name: string): string {
	return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

function quote(value: string): string {
	return `'${value.replaceAll('\'', '\'\\\'\'')}'`;
}

function kindInWords(setting: Setting): string {
	switch (setting.kind) {
		case 'seconds':
			return 'whole seconds above zero';
		case 'path':
			return 'an absolute path';
		case 'paths':
			return 'absolute paths, one a line';
		case 'choice':
			return `one of ${(setting.choices ?? []).join(', ')}`;
		default:
			return 'text';
	}
}

function problem(key: string, value: unknown, expected: string, message: string): SettingProblem {
	return {key, value, expected, message};
}
