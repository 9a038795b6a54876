import type {Examination} from '../core/checks/examination.js';
import {hasErrors} from '../core/checks/finding.js';
import {exitCodes, Failure} from '../core/failure.js';
import {speaksUnicode} from '../core/unicode.js';
import {examine, type ExamineOptions} from '../operations/examine.js';
import {applyMends, planMends, type MendReport} from '../operations/mend.js';
import {doctorJson, doctorLines, mendJson, mendLines, planLines, type PlainStyle} from '../output/plain-doctor.js';
import {type Command, defaultConfiguration, type Invocation} from './invocation.js';

/** What is mended may bring up what could not be seen before: as often as this it is looked again. */
const mostRounds = 3;

/** `quiesce doctor`: what Azure will do at the next backup, why, and what to do about it. */
export const run: Command = async invocation => {
	const {mode, flags} = invocation;
	const options: ExamineOptions = {
		configuration: flags.config ?? defaultConfiguration,
		...(flags.mount === undefined ? {} : {mounts: flags.mount}),
	};
	if (flags.yes === true && flags.fix !== true) throw new Failure('--yes answers the question that --fix asks.', {exitCode: exitCodes.usage, remedy: 'quiesce doctor --fix --yes'});
	const examination = flags.fix === true ? await fix(invocation, options) : await examine(options);
	if (flags.fix !== true) write(mode === 'json' ? JSON.stringify(doctorJson(examination)) : doctorLines(examination, style()).join('\n'));
	return hasErrors(examination) ? exitCodes.findings : exitCodes.done;
};

/** Mends what can be mended, with the change shown first, and answers what the doctor says then. */
async function fix({mode, flags}: Invocation, options: ExamineOptions): Promise<Examination> {
	const asks = flags.yes !== true;
	if (asks && (mode === 'json' || process.stdin.isTTY !== true || process.stdout.isTTY !== true)) {
		throw new Failure('--fix asks before it changes anything, and nobody can answer here.', {
			exitCode: exitCodes.usage,
			remedy: ['To mend without being asked: quiesce doctor --fix --yes', 'To see what would be mended: quiesce doctor'],
		});
	}

	const reports: MendReport[] = [];
	let examination = await examine(options);
	for (let round = 0; round < mostRounds; round++) {
		const tried = new Set(reports.flatMap(({refused}) => refused.map(({finding}) => finding.id)));
		const plan = planMends(examination.findings.filter(({id, fixable}) => fixable && !tried.has(id)));
		if (plan.steps.length === 0) break;
		if (mode !== 'json') write(planLines(plan.steps).join('\n'));
		if (asks && !await agreed('Make these changes? [y/N] ')) break;
		const report = await applyMends(plan, options);
		reports.push(report);
		examination = report.examination;
		if (mode !== 'json') write(`${mendLines(report).join('\n')}\n`);
	}

	write(mode === 'json' ? JSON.stringify(mendJson(examination, reports)) : doctorLines(examination, style()).join('\n'));
	return examination;
}

async function agreed(question: string): Promise<boolean> {
	const {createInterface} = await import('node:readline/promises');
	const terminal = createInterface({input: process.stdin, output: process.stdout});
	try {
		const closed = new Promise<string>(resolve => {
			terminal.once('close', () => resolve(''));
		});
		const answer = await Promise.race([terminal.question(question), closed]);
		return /^\s*y(?:es)?\s*$/i.test(answer);
	} finally {
		terminal.close();
	}
}

function style(): PlainStyle {
	return {ascii: !speaksUnicode(process.env), width: Math.min(process.stdout.columns ?? 80, 100)};
}

function write(text: string): void {
	process.stdout.write(`${text}\n`);
}
