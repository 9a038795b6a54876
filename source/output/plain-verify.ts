import {duration} from '../core/durations.js';
import {visible} from '../core/visible-text.js';
import type {ApplicationProof, FilesystemProof, Proof, ProofCheck, VerifyResult, VerifyStep} from '../core/verification.js';

const done: Readonly<Record<VerifyStep['step'], string>> = {copy: 'copied', mount: 'mounted', check: 'checked', search: 'searched', start: 'came up', examine: 'examined', remember: 'written', 'clean-up': 'removed'};
const failed: Readonly<Record<VerifyStep['step'], string>> = {copy: 'not copied', mount: 'does not mount', check: 'checked', search: 'not searched', start: 'did not come up', examine: 'examined', remember: 'not written', 'clean-up': 'not removed'};
const doing: Readonly<Record<VerifyStep['step'], string>> = {copy: 'copying', mount: 'mounting', check: 'checking', search: 'looking for', start: 'starting the server on', examine: 'examining', remember: 'writing', 'clean-up': 'removing the'};

/** One line for a step of a verification; null for one that needs none. What was found in the copy may say anything. */
export function plainVerifyStep(step: VerifyStep): string | null {
	const line = stepLine(step);
	return line === null ? null : visible(line);
}

function stepLine({step, subject, state, durationMs, detail}: VerifyStep): string | null {
	const time = durationMs === undefined ? '' : ` in ${duration(durationMs)}`;
	switch (state) {
		// The long ones are announced, so that nobody wonders.
		case 'started': return step === 'clean-up' || step === 'search' || step === 'mount' ? null : `  ${doing[step]} ${subject}`;
		case 'succeeded': return step === 'clean-up' || step === 'examine' ? null : `  ${subject} ${done[step]}${time}${detail === undefined ? '' : `: ${detail}`}`;
		case 'failed': return `  ${subject} ${failed[step]}${time}${detail === undefined ? '' : `: ${detail}`}`;
	}
}

/** The symbols of states: those of the screens, and words where the terminal has no others. */
export type VerifySymbols = Readonly<Record<Proof, string>>;
export const plainSymbols: VerifySymbols = {restores: '✔', 'restores-without-the-mark': '▲', 'not-proven': '▲', 'does-not-restore': '✖'};
export const asciiSymbols: VerifySymbols = {restores: 'ok', 'restores-without-the-mark': '!', 'not-proven': '!', 'does-not-restore': 'x'};

/** The result of a verification, in lines. */
export function plainVerifyResult(result: VerifyResult, symbols: VerifySymbols): readonly string[] {
	return [
		`${symbols[result.result]} ${result.sentence}`,
		...result.filesystems.flatMap(filesystem => [`  ${symbols[filesystem.result]} ${filesystem.sentence}`, ...filesystemLines(filesystem)]),
		...result.applications.flatMap(application => [`  ${symbols[application.result]} ${application.sentence}`, ...applicationLines(application)]),
		`  snapshot ${result.snapshot.path}, verified in ${duration(result.durationMs)}`,
	].map(visible);
}

function filesystemLines({type, frozen, mountMs, checks}: FilesystemProof): readonly string[] {
	const facts = [type, ...(mountMs === null ? [] : [`mounted in ${duration(mountMs)}`]), ...(frozen === null ? [] : [frozen ? 'taken frozen' : 'not frozen when it was taken'])];
	return [`      ${facts.join(', ')}`, ...checks.slice(1).map(checkLine)];
}

function applicationLines({dataDirectory, checks}: ApplicationProof): readonly string[] {
	return [...(dataDirectory === '' ? [] : [`      data ${dataDirectory}`]), ...checks.map(checkLine)];
}

function checkLine({name, sentence, durationMs}: ProofCheck): string {
	return `      ${name}: ${sentence} (${duration(durationMs)})`;
}
