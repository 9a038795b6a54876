import {readAnswersText} from '../core/config/answers-text.js';
import type {Applied, Plan} from '../core/config/plan.js';
import {exitCodes} from '../core/failure.js';
import {showable} from '../core/unicode.js';
import {applyPlan, planConfiguration} from '../operations/configure.js';
import {problemLines, setupJson, setupLines} from '../output/plain-setup.js';
import {readAnswers} from '../system/answers-file.js';
import {findTemplate} from '../system/template-download.js';
import {defaultConfiguration, type Flags, type Mode} from './invocation.js';

/** The set-up without questions. Answers the exit code: 3 where the answers cannot be taken, and for `--check` where something would change. */
export async function setUp(flags: Flags, mode: Mode): Promise<number> {
	const plan = await makePlan(flags);
	if (!plan.valid) {
		if (mode === 'json') process.stdout.write(`${JSON.stringify(setupJson(plan, null))}\n`);
		process.stderr.write(showable(problemLines(plan).map(line => `${line}\n`).join(''), process.env));
		process.stderr.write('Nothing has been changed.\n');
		return exitCodes.findings;
	}

	const only = flags.check === true || flags.diff === true;
	const applied = only || !plan.changed ? null : await applyPlan(plan);
	print(plan, applied, flags, mode);
	return flags.check === true && plan.changed ? exitCodes.findings : exitCodes.done;
}

function print(plan: Plan, applied: Applied | null, flags: Flags, mode: Mode): void {
	process.stdout.write(mode === 'json'
		? `${JSON.stringify(setupJson(plan, applied))}\n`
		: `${setupLines(plan, applied, flags.diff === true).join('\n')}\n`);
}

async function makePlan(flags: Flags): Promise<Plan> {
	const bytes = flags.answers === undefined ? null : await readAnswers(flags.answers);
	const {value, problem} = bytes === null ? {value: {}, problem: null} : readAnswersText(bytes);
	const template = flags.template === undefined ? null : await findTemplate(flags.template);
	const plan = await planConfiguration({
		configuration: flags.config ?? defaultConfiguration,
		answers: problem === null ? value : {},
		...(template === null ? {} : {template: template.configuration.text}),
	});
	const note = template?.note ?? null;
	return {
		...plan,
		...(note === null ? {} : {warnings: [{key: '', message: note}, ...plan.warnings]}),
		// Without answers nothing of the plan counts.
		...(problem === null ? {} : {valid: false, changed: false, actions: [], diff: [], problems: [problem]}),
	};
}
