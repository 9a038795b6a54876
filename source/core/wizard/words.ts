import {list} from '../checks/words.js';
import {settingRanges} from '../config/settings.js';
import {emptyPair, offerOf, settingsOf} from './entries.js';
import {obstacle} from './rules.js';
import type {Page} from './pages.js';
import type {WizardState} from './types.js';

/** What a screen asks. One sentence. */
export function questionOf(page: Page, state: WizardState): string {
	switch (page) {
		case 'draft': return 'You have been here before and did not finish. Take that up again?';
		case 'machine': return (state.machine?.existing?.settings ?? null) === null ? 'This is what quiesce finds on this machine.' : 'A configuration is here already. Keep it and change it, or start anew?';
		case 'template': return 'Where do the first answers come from?';
		case 'template-file': return 'Which file is the template?';
		case 'scripts': return 'Which scripts hold and release your application?';
		case 'settings': return `Do these settings fit your ${offerOf(state.entries, state.applications)?.title ?? 'application'}?`;
		case 'pre-script': return 'Which script holds your application, just before the snapshot?';
		case 'post-script': return 'Which script releases it again, right after the snapshot?';
		case 'place': return 'Shall Azure use the scripts where they are?';
		case 'pre-parameters': return 'What parameters does the pre-script get?';
		case 'post-parameters': return 'What parameters does the post-script get?';
		case 'pre-retries': return 'How often is the pre-script tried again when it fails?';
		case 'post-retries': return 'How often is the post-script tried again when it fails?';
		case 'timeout': return 'How many seconds may each script take?';
		case 'on-failure': return 'What becomes of the backup when a script fails?';
		case 'freeze': return 'Are the filesystems frozen during the snapshot?';
		case 'poll': return 'How often does Azure look whether a script has ended?';
		case 'permissions': return 'Only root may read and change these files.';
		case 'review': return reviewQuestion(state);
		case 'rehearsal': return 'Rehearse it now?';
		default: return offerOf(state.entries, state.applications)?.questions.find(({name}) => `setting:${name}` === page)?.question ?? '';
	}
}

function reviewQuestion({plan, complaint}: WizardState): string {
	if (plan === null) return complaint === null ? 'This is what will be written.' : 'Nothing has been written.';
	if (!plan.plan.valid) return 'This cannot be written as it is.';
	return plan.plan.changed ? 'This is what will be written.' : 'Nothing has to be written: all is as you want it.';
}

/** One paragraph below the answer. `aside`: for those who want to know more, goes where there is no room. */
export type Paragraph = {readonly kind: 'consequence' | 'aside' | 'warning'; readonly text: string};

const consequence = (text: string): Paragraph => ({kind: 'consequence', text});

/** What was typed is shown as it is; a secret is not. */
export function settingWords(state: WizardState): readonly {readonly question: string; readonly value: string}[] {
	const offer = offerOf(state.entries, state.applications);
	if (offer === undefined) return [];
	const settings = settingsOf(state.entries, offer);
	return offer.questions.map(({name, question, secret}) => ({question, value: secret ? (settings[name] === '' ? '' : '(hidden)') : settings[name] ?? ''}));
}

const aside = (text: string): Paragraph => ({kind: 'aside', text});
const warning = (text: string): Paragraph => ({kind: 'warning', text});

/** What the present answer of a screen comes to: first of all its consequence, in a sentence, then what Azure's extension really does with it. */
export function consequencesOf(page: Page, state: WizardState): readonly Paragraph[] {
	const {entries} = state;
	switch (page) {
		case 'machine': return [...machineWarnings(state), ...(state.machine?.existing ?? null) === null ? [] : [entries.source === 'existing'
			? consequence('Its settings fill in the questions; what you do not change stays as it is.')
			: consequence('Its settings are left out. The file is kept beside the new one, under a name with the date.')]];
		case 'template': return [consequence(templateConsequence(state))];
		case 'template-file': return [aside('It must be a configuration in JSON, as the documented template is. Its settings fill in the questions.')];
		case 'scripts': return scriptsConsequence(state);
		case 'pre-script': return [aside('Azure runs it as root with sh, whatever its first line says. What it writes to its output is read by nobody, and past 64 kB it would hang: let it write to a file.')];
		case 'post-script': return [aside('It runs after every pre-script that was started, also when the snapshot failed. It must let the application go even where the pre-script did not finish.')];
		case 'place': return entries.place === 'copy'
			? [consequence('Copies belong to root alone (700) and stay as they are when somebody changes the originals.')]
			: [consequence('The scripts stay where they are; their owner and mode are set to root and 700 when the configuration is written.')];
		case 'pre-parameters':
		case 'post-parameters': return [aside('The script receives each line as one parameter, exactly as it stands: blanks, quotes and $ are passed on, nothing is expanded.')];
		case 'pre-retries': return retriesConsequence(entries.preRetries, 'pre-script');
		case 'post-retries': return retriesConsequence(entries.postRetries, 'post-script');
		case 'timeout': return timeoutConsequence(state);
		case 'on-failure': return failureConsequence(state);
		case 'freeze': return freezeConsequence(state);
		case 'poll': return pollConsequence(state);
		case 'permissions': return [
			...(entries.mend ? [] : [warning('Left as they are, the extension refuses what is not right.')]),
			aside('Azure\'s extension runs neither script where group or others may read one of them (errors 306 and 307), or the configuration (317), or where they do not belong to root: scripts that others can change would give them root.'),
		];
		case 'rehearsal': return rehearsalConsequence(state);
		case 'draft':
		case 'settings':
		case 'review': return [];
		default: {
			const question = offerOf(entries, state.applications)?.questions.find(({name}) => `setting:${name}` === page);
			return question === undefined || question.help === '' ? [] : [aside(question.help)];
		}
	}
}

/** Eleven steps are a long way to learn that nothing can be written. */
function machineWarnings({machine}: WizardState): readonly Paragraph[] {
	const blocks = machine?.lines.some(({state, what}) => state === 'problem' && (what === 'directory' || what === 'configuration')) ?? false;
	return blocks ? [warning('Nothing can be written here as it is. Mend what is marked below first.')] : [];
}

function templateConsequence({entries, configuration}: WizardState): string {
	switch (entries.source) {
		case 'existing': return `The settings of ${configuration} are kept and can be changed one by one.`;
		case 'download': return 'It is fetched from the address below. Where that cannot be had, the bundled one takes its place.';
		case 'bundled': return 'The bundled template has the same settings as the documented one.';
		case 'file': return 'Another configuration, of another VM for example, is the model.';
	}
}

function scriptsConsequence(state: WizardState): readonly Paragraph[] {
	const order = 'Azure runs the first script just before the snapshot and the second right after it.';
	const offer = offerOf(state.entries, state.applications);
	const noted = state.base?.note ?? null;
	const notes = noted === null ? [] : [warning(noted)];
	if (state.entries.application === emptyPair) {
		return [...notes, consequence(`Two scripts that do nothing yet, pre.sh and post.sh, are written to ${state.configuration.slice(0, state.configuration.lastIndexOf('/'))} for you to fill in.`), warning('Until then Azure calls backups application-consistent although nothing was held.')];
	}

	return [...notes, ...(offer === undefined
		? [consequence(`${order} Yours are checked as you name them.`)]
		: [consequence(`This pair ${offer.summary.charAt(0).toLowerCase()}${offer.summary.slice(1)}`), aside(`${offer.title}: ${offer.found}.`), aside(order)])];
}

function retriesConsequence(text: string, script: string): readonly Paragraph[] {
	const number = Number(text);
	if (!/^\d+$/.test(text) || number > settingRanges.preScriptNoOfRetries.most) return [];
	return [
		consequence(number === 0 ? `The ${script} runs once; when it fails, that is final.` : `The ${script} runs up to ${number + 1} times, a second apart, all within one time limit.`),
		...(number === 0 ? [] : [warning('Azure\'s extension does not really retry: it runs the script once and counts the rest down. Retries work in quiesce\'s own cycles only.')]),
	];
}

/** When the extension gives up: it counts whole polls. Seconds. */
export function effectiveLimit(timeout: number, poll: number): number {
	return Math.ceil(Math.min(timeout, settingRanges.timeoutInSeconds.most) / poll) * poll;
}

function timeoutConsequence(state: WizardState): readonly Paragraph[] {
	const {timeout: text, poll} = state.entries;
	const seconds = Number(text);
	if (obstacle('timeout', state) !== null) return [];
	const limit = effectiveLimit(seconds, poll);
	return [
		consequence(limit === seconds
			? `A script that takes longer than ${seconds} s has failed; its retries are part of that time.`
			: `A script that takes longer than ${limit} s has failed, not ${seconds}: Azure looks every ${poll} s, and rounds up.`),
		aside('quiesce ends the script then, with everything it started. Azure\'s extension only stops waiting: the script goes on running into the snapshot.'),
		...(limit > 300 ? [warning('While a script runs, the application may be held. Minutes are felt by everybody who uses it.')] : []),
	];
}

function failureConsequence({entries}: WizardState): readonly Paragraph[] {
	return entries.continueBackupOnFailure
		? [
			consequence('There is a backup every night; after a failed script it is file-system consistent instead of application-consistent.'),
			aside('Databases then recover as after a power cut. Azure shows the error beside the backup.'),
			...(entries.fsFreezeEnabled ? [] : [warning('With freezing switched off a failed script makes the backup fail all the same.')]),
		]
		: [
			consequence('A night with a failed script has no backup: it fails, and Azure says so.'),
			aside('After a failed post-script the snapshot exists, but counts as failed. The documentation promises single-disk VMs a crash-consistent backup even so; Azure\'s extension does not do that for scripts. A configuration that cannot be read never stops a backup.'),
		];
}

function freezeConsequence({entries, machine}: WizardState): readonly Paragraph[] {
	const freezes = machine?.freezes ?? [];
	return entries.fsFreezeEnabled
		? [
			consequence(freezes.length === 0
				? 'No filesystem here can be frozen, so the setting changes nothing on this machine.'
				: `While the snapshot is taken, writing to ${list(freezes)} waits: the snapshot holds ${freezes.length === 1 ? 'a clean filesystem' : 'clean filesystems'}, with everything that was written until then.`),
			aside('Azure freezes ext3, ext4, xfs and btrfs, one after another, and thaws after 60 s at the latest.'),
		]
		: [
			consequence('The snapshot is taken while programs write: only what your scripts hold still is consistent.'),
			// Who wants no backup after a failure gets none.
			...(entries.continueBackupOnFailure
				? [warning('A failed script then makes the backup fail, although you chose otherwise. And where a script is missing, Azure reports a backup that was never frozen as file-system consistent.')]
				: []),
		];
}

function pollConsequence({entries}: WizardState): readonly Paragraph[] {
	const {poll, timeout: text} = entries;
	const seconds = Number(text);
	const limit = effectiveLimit(seconds, poll);
	return [
		consequence(`Each script costs at least ${poll} s of every backup, and the application is held up to ${poll} s longer than necessary.`),
		aside('Azure looks, sleeps, and looks again; 3 s is its own default, and this setting is not documented. quiesce itself notices at once.'),
		...(Number.isFinite(limit) && limit !== seconds && /^\d+$/.test(text) ? [aside(`The time limit of ${seconds} s becomes ${limit} s with it.`)] : []),
	];
}

function rehearsalConsequence(state: WizardState): readonly Paragraph[] {
	const {entries} = state;
	const freezes = state.machine?.rehearses ?? [];
	const frozen = !entries.fsFreezeEnabled ? 'nothing is frozen, as you chose,' : freezes.length === 0 ? 'nothing can be frozen here,' : `${list(freezes)} ${freezes.length === 1 ? 'is' : 'are'} frozen and thawed again,`;
	return [consequence(entries.rehearse
		? `The pre-script runs, ${frozen} and the post-script runs: as in the night, only now and before your eyes.`
		: 'It can be done at any time with: quiesce cycle')];
}

/** What is left to do in Azure, where no backup of this VM has been set up yet. A heading, and what belongs to it. */
export const leftToDo: readonly {readonly heading: string; readonly text: string}[] = [
	{heading: 'In the portal', text: 'the VM, then Operations, Backup: choose a Recovery Services vault and a policy, then "Enable backup"; "Backup now" tries it.'},
	{heading: 'On the command line', text: 'az backup protection enable-for-vm --resource-group GROUP --vault-name VAULT --vm VM --policy-name DefaultPolicy'},
	{heading: 'Then here', text: 'quiesce watch shows the backup while it runs.'},
];

/** The present answers of a step in a few characters, for the list behind `e`. */
export function summaryOf(step: string, state: WizardState): string {
	const {entries} = state;
	switch (step) {
		case 'machine': return state.machine?.existing === null ? 'no configuration yet' : 'a configuration is here';
		case 'template': return entries.source === 'file' ? entries.templateFile : {existing: 'the present configuration', download: 'downloaded', bundled: 'bundled'}[entries.source];
		case 'scripts': return entries.application === emptyPair ? 'a pair to fill in' : offerOf(entries, state.applications)?.title ?? `${entries.preScript}, ${entries.postScript}`;
		case 'parameters': return entries.preParameters.length + entries.postParameters.length === 0 ? 'none' : `${entries.preParameters.length} and ${entries.postParameters.length}`;
		case 'retries': return `${entries.preRetries} and ${entries.postRetries}`;
		case 'timeout': return `${entries.timeout} s`;
		case 'on-failure': return entries.continueBackupOnFailure ? 'back up all the same' : 'no backup';
		case 'freeze': return entries.fsFreezeEnabled ? 'freeze' : 'do not freeze';
		case 'poll': return `${entries.poll} s`;
		default: return '';
	}
}
