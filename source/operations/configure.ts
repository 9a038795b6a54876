import {Buffer} from 'node:buffer';
import {dirname, resolve} from 'node:path';
import {examineFacts} from '../core/checks/examination.js';
import type {ConfigurationFacts} from '../core/checks/facts.js';
import {count} from '../core/checks/words.js';
import {validateAnswers} from '../core/config/answers.js';
import {diffLines} from '../core/config/diff.js';
import {mergeConfiguration} from '../core/config/merge.js';
import type {Action, DiffLine, Plan, PlannedFile, PlanRequest, PlanWarning, SeenFile} from '../core/config/plan.js';
import {readConfiguration, type Configuration} from '../core/config/read.js';
import type {AnswerProblem} from '../core/config/settings.js';
import {checkExtension, predict} from '../core/extension/index.js';
import type {ExtensionFacts, FileFacts} from '../core/extension/types.js';
import {readSettingsText} from '../core/settings-text.js';
import {configuredPath, gatherExtensionFacts} from '../system/azure-files.js';
import {lookAt, realPath, type Look} from '../system/file-look.js';
import {backupPath} from '../system/files.js';
import {readPath} from '../system/inspection.js';
import {bundledTemplate} from '../system/template-download.js';
import {bringApplication, type Answers} from './configure/application.js';
import {configurationMode, mostConfigurationBytes, placeProblem, planPlace} from './configure/place.js';
import {readScriptTexts} from './configure/script-texts.js';
import {plain, planFresh, planScripts, type FreshFile, type ScriptOrder} from './configure/scripts.js';

export type {Action, Applied, Plan, PlanRequest} from '../core/config/plan.js';
export {applyPlan} from './configure/apply.js';

/**
 * Looks what has to change so that the answers hold, and what the extension would then do. Changes nothing and throws nothing for what an administrator
 * may have answered or may have on the machine: that is in the plan's problems.
 */
export async function planConfiguration(request: PlanRequest): Promise<Plan> {
	const path = resolve(request.configuration);
	const now = new Date();
	const problems: AnswerProblem[] = [];
	const warnings: PlanWarning[] = [];
	const add = (more: readonly AnswerProblem[]): void => {
		problems.push(...more.filter(({key}) => key === '' || !problems.some(known => known.key === key)));
	};

	add(validateAnswers(request.answers));
	const usable = usableAnswers(request.answers, problems);
	const brought = await bringApplication(usable, dirname(path));
	add(brought.problems);
	warnings.push(...brought.warnings);
	const answers = brought.answers;

	const look = lookAt(path, mostConfigurationBytes);
	const base = chooseBase(look, request, warnings);
	const merged = mergeConfiguration(base.configuration, answers, base.present);
	// Where an application was meant, it is not the locations that are missing.
	add(brought.problems.length === 0 && !problems.some(({key}) => key === 'application') ? merged.problems : merged.problems.filter(({key}) => !key.endsWith('ScriptLocation')));
	warnings.push(...merged.warnings);

	const previous = look.content?.toString('utf8') ?? null;
	const textChanges = look.content === null || !look.content.equals(Buffer.from(merged.text));
	const diff = textChanges ? diffLines(previous ?? '', merged.text) : [];
	const written = configurationActions(path, look, {textChanges, diff, now});
	const copies = readCopies(request.copies ?? []);
	add(copies.problems);
	const own = (request.scripts ?? []).map(({path, content, mode, keepExisting}): FreshFile => ({path, bytes: Buffer.from(content), mode: mode ?? 0o700, keepExisting: keepExisting ?? false, from: null}));
	const fresh = [...brought.files, ...own, ...copies.files].filter(file => file.path !== path);
	if (fresh.length < brought.files.length + own.length + copies.files.length) add([placeProblem(path, `${path} is the configuration; no script can be written there.`, 'another path')]);
	const place = planPlace(path, look, written.length + fresh.length > 0);
	add(place.problems);
	const freshPlan = planFresh(fresh, {now, made: [dirname(path)]});
	const orders = scriptOrders(merged.settings, answers);
	const scriptPlan = planScripts(orders, {fresh, mend: request.mend ?? true, configuration: path});
	for (const plan of [freshPlan, scriptPlan]) {
		add(plan.problems);
		warnings.push(...plan.warnings);
	}

	const aside = brought.aside.map(script => lookAt(script)).filter(({kind}) => kind === 'file');
	const actions: readonly Action[] = [...place.actions, ...freshPlan.actions, ...scriptPlan.actions, ...setAside(aside, now), ...written];
	const facts = {...afterwards(path, merged.text, scriptPlan.facts), ...await readScriptTexts(orders, fresh)};
	const {verdict, sentence, findings} = examineFacts(facts);
	if (!facts.configuration.readByExtension) {
		warnings.push({key: '', message: `Azure does not read ${path}, but ${configuredPath(facts.extension)}. What it would do is said as if this file were in the place of that one.`});
	}

	// What the doctor would warn of once this is written.
	warnings.push(...findings.filter(({severity, source}) => (severity === 'warning' && source === 'configuration') || (severity !== 'info' && source === 'script')).map(({title, detail}) => ({key: '', message: `${title}. ${detail}`})));
	return {
		valid: problems.length === 0,
		changed: actions.length > 0,
		problems, warnings, path, previous, diff, actions, verdict, sentence,
		text: merged.text,
		files: [configurationFile(path, look), ...scriptPlan.files],
		seen: uniqueSeen([plain(look), ...copies.seen, ...freshPlan.seen, ...scriptPlan.seen, ...aside.map(plain)]),
	};
}

/** Scripts that would run although they are not meant any more. */
function setAside(looks: readonly Look[], now: Date): readonly Action[] {
	return looks.map(({path}) => {
		const to = backupPath(path, now);
		return {kind: 'set-aside', path, to, sentence: `set ${path} aside as ${to}, so that it is not run any more`};
	});
}

/** Only what can be taken, so that the rest of the plan can be shown all the same. */
function usableAnswers(answers: unknown, problems: readonly AnswerProblem[]): Answers {
	if (typeof answers !== 'object' || answers === null || Array.isArray(answers)) return {};
	return Object.fromEntries(Object.entries(answers).filter(([key]) => !problems.some(problem => problem.key === key)));
}

/** What the new configuration is built upon: the present one, where there is one that can be made out, else the template. */
function chooseBase(look: Look, {template, anew}: PlanRequest, warnings: PlanWarning[]): {readonly configuration: Configuration; readonly present: boolean} {
	const present = look.content === null ? null : readConfiguration(look.content);
	if (present !== null && typeof present !== 'string' && anew !== true) {
		if (template !== undefined) warnings.push({key: '', message: 'There is a configuration already, and its values stay where nothing is answered: the template is not used.'});
		return {configuration: present, present: true};
	}


	if (typeof present === 'string' && anew !== true) {
		warnings.push({key: '', message: `The present configuration cannot be made out, and is written anew. ${present} It is kept as a backup.`});
	}

	const given = template === undefined ? bundledTemplate().configuration : readConfiguration(Buffer.from(template));
	if (typeof given !== 'string') return {configuration: given, present: false};
	warnings.push({key: '', message: `The template cannot be used, and the one that comes with quiesce is taken instead. ${given}`});
	return {configuration: bundledTemplate().configuration, present: false};
}

function readCopies(copies: NonNullable<PlanRequest['copies']>): {readonly files: readonly FreshFile[]; readonly seen: readonly SeenFile[]; readonly problems: readonly AnswerProblem[]} {
	const files: FreshFile[] = [];
	const seen: SeenFile[] = [];
	const problems: AnswerProblem[] = [];
	for (const {from, to} of copies) {
		// A link is followed here: what counts is the content, which is compared again when it is copied.
		const source = realPath(resolve(from));
		const look = lookAt(source);
		if (look.content === null) {
			problems.push({key: '', value: from, expected: 'a script of less than 16 MB', message: look.kind === 'file' ? `${from} cannot be copied: it is larger than 16 MB, or cannot be read.` : `${from} cannot be copied: ${look.kind === 'missing' ? 'it is not there' : 'it is not a regular file'}.`});
			continue;
		}

		seen.push(plain(look));
		files.push({path: resolve(to), bytes: look.content, mode: 0o700, keepExisting: false, from: source});
	}

	return {files, seen, problems};
}

function scriptOrders(settings: Readonly<Record<string, unknown>>, answers: Answers): readonly ScriptOrder[] {
	return (['pre', 'post'] as const).flatMap(role => {
		const key = `${role}ScriptLocation`;
		const location = settings[key];
		return typeof location === 'string' ? [{role, location, answered: Object.hasOwn(answers, key)}] : [];
	});
}

function configurationActions(path: string, look: Look, {textChanges, diff, now}: {readonly textChanges: boolean; readonly diff: readonly DiffLine[]; readonly now: Date}): readonly Action[] {
	if (look.kind !== 'file' && look.kind !== 'missing') return [];
	if (textChanges) {
		const changes = Math.max(...(['+', '-'] as const).map(sign => diff.filter(line => line.sign === sign).length));
		const written: Action = {kind: 'write-configuration', path, sentence: look.kind === 'missing' ? `write ${path} (root, 600)` : `write ${path} (root, 600; ${count(changes, 'line differs', 'lines differ')})`};
		const to = backupPath(path, now);
		return look.kind === 'missing' ? [written] : [{kind: 'backup', path, to, sentence: `keep the present file as ${to}`}, written];
	}

	return [
		...(look.uid === 0 ? [] : [{kind: 'chown', path, owner: 'root', sentence: `chown root ${path}`} as const]),
		...(look.mode === configurationMode ? [] : [{kind: 'chmod', path, mode: configurationMode, sentence: `chmod 600 ${path} (now ${look.mode.toString(8)})`} as const]),
	];
}

function configurationFile(path: string, {kind, mode}: Look): PlannedFile {
	return {role: 'configuration', path, kind: kind === 'link' ? 'other' : kind, owner: kind === 'missing' ? null : readPath(path, 0).facts.owner ?? 'unknown', mode, wanted: configurationMode};
}

/** What the doctor would look at once the plan is applied. */
function afterwards(path: string, text: string, scripts: ReadonlyMap<string, FileFacts>): Parameters<typeof examineFacts>[0] {
	const bytes = new TextEncoder().encode(text);
	const file: FileFacts = {path, kind: 'file', mode: configurationMode, owner: 'root', content: bytes};
	const extension: ExtensionFacts = {...gatherExtensionFacts(path), configuration: file, scripts};
	const check = checkExtension(extension);
	const configuration: ConfigurationFacts = {
		path, file, ...readSettingsText(bytes), readByExtension: path === configuredPath(extension), repaired: null, documented: null, openPlaces: [],
	};
	return {extension, check, verdict: predict(check), configuration, pre: null, post: null, filesystems: null, freezeDeadlineMs: null, machine: null, logged: null};
}

function uniqueSeen(all: readonly SeenFile[]): readonly SeenFile[] {
	return all.filter(({path}, index) => all.findIndex(other => other.path === path) === index);
}
