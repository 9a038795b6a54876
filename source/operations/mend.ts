import type {Examination} from '../core/checks/examination.js';
import type {Finding} from '../core/checks/finding.js';
import type {SeenFile} from '../core/config/plan.js';
import {Failure} from '../core/failure.js';
import {mendFile, type Refused} from '../core/mending.js';
import {lookAt, realPath, type Look} from '../system/file-look.js';
import {backupPath, changeFiles, type FileChange} from '../system/files.js';
import {userName} from '../system/inspection.js';
import {examine, type ExamineOptions} from './examine.js';

/** All mends of one file, as they were worked out when it was looked at. */
export type MendStep = {
	/** The file that changes, without links. */
	readonly path: string;
	/** The change, for people: a line each, without a full stop. */
	readonly lines: readonly string[];
	readonly findings: readonly Finding[];
	readonly changes: readonly FileChange[];
};

/** What mending would do. Looking makes no change. */
export type MendPlan = {
	readonly steps: readonly MendStep[];
	/** What it would not, with the reason. */
	readonly refused: readonly Refused[];
};

/** What mending came to. */
export type MendReport = {
	readonly mended: readonly {readonly finding: Finding; readonly lines: readonly string[]}[];
	readonly refused: readonly Refused[];
	/** Where the files as they were are kept. */
	readonly backups: readonly string[];
	/** What the doctor says afterwards. */
	readonly examination: Examination;
};

/** Works out how findings are mended, by the files as they are now; what belongs to one file is done at once. */
export function planMends(findings: readonly Finding[], now: Date = new Date()): MendPlan {
	const steps: MendStep[] = [];
	const refused: Refused[] = [];
	const byFile = new Map<string, Finding[]>();
	for (const finding of findings) {
		const {mend} = finding;
		if (mend === undefined) refused.push({finding, why: 'only you can decide it'});
		else if (mend.kind === 'rename') steps.push(renameStep(finding, mend.path, mend.to, now));
		else byFile.set(realPath(mend.path), [...(byFile.get(realPath(mend.path)) ?? []), finding]);
	}

	for (const [path, its] of byFile) {
		const look = lookAt(path);
		const onlyAccess = look.kind === 'file' && its.every(({mend}) => mend?.kind === 'access');
		const content = look.content ?? (onlyAccess ? new Uint8Array() : null);
		if (content === null) {
			refused.push(...its.map(finding => ({finding, why: look.kind === 'missing' ? `${path} is not there any more` : `${path} cannot be read, or is too large`})));
			continue;
		}

		const plan = mendFile({path, content, mode: look.mode, owner: userName(look.uid) ?? String(look.uid)}, its);
		refused.push(...plan.refused);
		const mode = plan.mode ?? look.mode;
		const backup = backupPath(path, now);
		if (plan.bytes !== null) {
			steps.push({path, findings: plan.mended, lines: [...plan.lines, `the file as it was is kept as ${backup}`], changes: [
				{kind: 'write', path, bytes: plan.bytes, mode, owner: plan.toRoot ? 0 : look.uid, backup, expect: seen(look)},
			]});
		} else if (plan.lines.length > 0) {
			steps.push({path, findings: plan.mended, lines: plan.lines, changes: [
				{kind: 'access', path, ...(plan.mode === null ? {} : {mode}), ...(plan.toRoot ? {owner: 0} : {}), expect: seen(look)},
			]});
		} else {
			refused.push(...plan.mended.map(finding => ({finding, why: 'it is mended already'})));
		}
	}

	return {steps, refused};
}

/** The other name gets a new file of root's alone; the old file is kept under a dated name. */
function renameStep(finding: Finding, path: string, to: string, now: Date): MendStep {
	const look = lookAt(path);
	const kept = backupPath(path, now);
	return {
		path, findings: [finding],
		lines: [`${path} → ${to}   (root, 0600)`, `the file as it was is kept as ${kept}`],
		changes: [
			{kind: 'write', path: to, bytes: look.content ?? new Uint8Array(), mode: 0o600, expect: {path: to, kind: 'missing', mode: 0, uid: 0, digest: null}},
			{kind: 'rename', path, to: kept, expect: seen(look)},
		],
	};
}

function seen({path, kind, mode, uid, digest}: Look): SeenFile {
	return {path, kind, mode, uid, digest};
}

/** What mending one finding would change, a line each; where it cannot be mended, why. */
export function describeMend(finding: Finding): readonly string[] {
	const {steps, refused} = planMends([finding]);
	return [...steps.flatMap(({lines}) => lines), ...refused.map(({why}) => why)];
}

/**
 * Makes the planned changes, file by file, each wholly or not at all; where a file is not as it was when the plan was made, or lies where others may
 * write, it is left alone and said so. Then looks again.
 */
export async function applyMends(plan: MendPlan, options: ExamineOptions): Promise<MendReport> {
	const mended: {finding: Finding; lines: readonly string[]}[] = [];
	const refused: Refused[] = [...plan.refused];
	const backups: string[] = [];
	for (const {findings, lines, changes} of plan.steps) {
		try {
			backups.push(...changeFiles(changes), ...changes.flatMap(change => change.kind === 'rename' ? [change.to] : []));
			mended.push(...findings.map(finding => ({finding, lines})));
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			refused.push(...findings.map(finding => ({finding, why: [error.message, ...error.remedies].map(sentence => /[.!?:]$/.test(sentence) ? sentence : `${sentence}.`).join(' ')})));
		}
	}

	return {mended, refused, backups, examination: await examine(options)};
}

/** Mends findings, and looks again. */
export async function mend(findings: readonly Finding[], options: ExamineOptions): Promise<MendReport> {
	return applyMends(planMends(findings), options);
}
