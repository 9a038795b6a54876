import type {Applied, Plan} from '../core/config/plan.js';
import {visible} from '../core/visible-text.js';

/** What `setup --json` answers. `applied`: what was done; null where nothing was to be changed, or was to be tried only. */
export function setupJson(plan: Plan, applied: Applied | null): unknown {
	return {
		config: plan.path,
		valid: plan.valid,
		changed: plan.changed,
		written: applied !== null,
		problems: plan.problems.map(({key, value, expected, message, remedies = []}) => ({key, value: value ?? null, expected, message, remedies})),
		warnings: plan.warnings.map(({key, message}) => ({key, message})),
		// What is written into scripts may be secret: it is not shown.
		actions: plan.actions.map(({kind, path, sentence}) => ({kind, path, sentence})),
		diff: plan.diff.map(({sign, text}) => ({sign, text})),
		verdict: {outcome: plan.verdict.outcome, errors: plan.verdict.errors.map(({name, code}) => ({name, code}))},
		done: applied?.done ?? [],
		backup: applied?.backup ?? null,
	};
}

/** Why the answers cannot be taken, a line each, and below it what to try. */
export function problemLines(plan: Plan): readonly string[] {
	return plan.problems.flatMap(({message, remedies = []}) => [`quiesce: ${visible(message)}`, ...remedies.map(remedy => `  → ${visible(remedy)}`)]);
}

/** What would be changed, or was, for people: what, the warnings, and what Azure would make of it. */
export function setupLines(plan: Plan, applied: Applied | null, withDiff: boolean): readonly string[] {
	const lines: string[] = [];
	if (!plan.changed) lines.push(`${plan.path} is as the answers want it. There is nothing to change.`);
	else if (applied === null) lines.push('This would be changed:', ...plan.actions.map(({sentence}) => `  ${sentence}`));
	else lines.push('Done:', ...applied.done.map(sentence => `  ${sentence}`));
	if (withDiff && plan.diff.length > 0) lines.push('', plan.path, ...plan.diff.map(({sign, text}) => `${sign} ${text}`));
	if (plan.warnings.length > 0) lines.push('', ...plan.warnings.map(({message}) => `Warning: ${message}`));
	lines.push('', plan.sentence);
	if (applied !== null) lines.push('To see it work now: quiesce cycle');
	return lines.map(line => visible(line));
}
