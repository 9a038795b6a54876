import {emptyPair, offerOf} from './entries.js';
import type {Page, StepName} from './pages.js';
import type {WizardState} from './types.js';

type StepData = {
	readonly name: StepName;
	/** For the first line and the step list. */
	readonly title: string;
	/** Its screens in their order, as the answers so far make them necessary. Never empty. */
	readonly pages: (state: WizardState) => readonly Page[];
};

/** The twelve steps. */
export const steps = [
	{name: 'machine', title: 'this machine', pages: ({draft}) => (draft === null ? ['machine'] : ['draft', 'machine'])},
	{name: 'template', title: 'template', pages: ({entries}) => (entries.source === 'file' ? ['template', 'template-file'] : ['template'])},
	{name: 'scripts', title: 'scripts', pages: state => ['scripts', ...scriptPages(state)]},
	{name: 'parameters', title: 'parameters', pages: () => ['pre-parameters', 'post-parameters']},
	{name: 'retries', title: 'retries', pages: () => ['pre-retries', 'post-retries']},
	{name: 'timeout', title: 'time limit', pages: () => ['timeout']},
	{name: 'on-failure', title: 'on failure', pages: () => ['on-failure']},
	{name: 'freeze', title: 'freeze', pages: () => ['freeze']},
	{name: 'poll', title: 'poll time', pages: () => ['poll']},
	{name: 'permissions', title: 'permissions', pages: () => ['permissions']},
	{name: 'review', title: 'review', pages: () => ['review']},
	{name: 'rehearsal', title: 'rehearse', pages: () => ['rehearsal']},
] as const satisfies readonly StepData[];

export type Step = (typeof steps)[number];

function scriptPages({entries, applications}: WizardState): readonly Page[] {
	if (entries.application === null) return ['pre-script', 'post-script', 'place'];
	if (entries.application === emptyPair) return [];
	const questions = offerOf(entries, applications)?.questions ?? [];
	// What has no usable default must be asked.
	const asked = questions.filter(({check, default: first}) => entries.askSettings || check(first) !== null);
	return [...(questions.length === 0 ? [] : ['settings' as const]), ...asked.map(({name}) => `setting:${name}` as const)];
}

/** All screens, in their order. */
export function pagesOf(state: WizardState): readonly Page[] {
	return steps.flatMap(step => pagesOfStep(step, state));
}

export function pagesOfStep(step: Step, state: WizardState): readonly Page[] {
	return (step as StepData).pages(state);
}

export function stepNamed(name: StepName): Step {
	return steps.find(step => step.name === name)!;
}

const stepOfPage: Readonly<Record<string, StepName>> = {
	draft: 'machine', machine: 'machine', template: 'template', 'template-file': 'template',
	scripts: 'scripts', settings: 'scripts', 'pre-script': 'scripts', 'post-script': 'scripts', place: 'scripts',
	'pre-parameters': 'parameters', 'post-parameters': 'parameters', 'pre-retries': 'retries', 'post-retries': 'retries',
	timeout: 'timeout', 'on-failure': 'on-failure', freeze: 'freeze', poll: 'poll', permissions: 'permissions', review: 'review', rehearsal: 'rehearsal',
};

/** The step that a screen belongs to, whatever the answers are. */
export function stepOf(page: Page): Step {
	return stepNamed(page.startsWith('setting:') ? 'scripts' : stepOfPage[page]!);
}

/** True for a name that is, or for some answers would be, a screen. */
export function isKnownPage(name: string): name is Page {
	return name.startsWith('setting:') || Object.hasOwn(stepOfPage, name);
}

/** From 1. */
export function stepNumber(page: Page): number {
	return steps.indexOf(stepOf(page)) + 1;
}
