import {Buffer} from 'node:buffer';
import type {Action, Applied, Plan, SeenFile} from '../../core/config/plan.js';
import {lookAt, sameFile, type Look} from '../../system/file-look.js';
import {changeFiles, type FileChange} from '../../system/files.js';
import {refusal} from '../../system/safe-directory.js';
import {configurationMode, mostConfigurationBytes} from './place.js';

/**
 * Makes the changes of a plan: all of them, or none.
 * @throws Failure (3) where the plan has problems, where somebody has changed a file since, or where the machine does not allow a change; nothing is changed then.
 */
export async function applyPlan(plan: Plan): Promise<Applied> {
	if (!plan.valid) throw refusal(plan.problems.map(({message}) => message).join(' '), 'Change the answers; quiesce setup --help tells how.');
	if (!plan.changed) return {done: [], backup: null};
	const now = new Map<string, Look>();
	for (const seen of plan.seen) {
		const look = lookAt(seen.path, seen.path === plan.path ? mostConfigurationBytes : undefined);
		if (!sameFile(look, seen)) {
			throw refusal(`${seen.path} has been changed by somebody else since quiesce looked at it. Nothing has been changed.`, 'Look at what was changed, then set up again: that starts from what is there now.');
		}

		now.set(seen.path, look);
	}

	const backups = changeFiles(changesOf(plan, now));
	// Another name was taken where the one of the plan was not free.
	const kept = plan.actions.filter(({kind}) => kind === 'backup').map((action, index) => ({path: action.path, as: backups[index] ?? null}));
	return {
		done: plan.actions.map(action => doneSentence(action, kept.find(({path}) => path === action.path)?.as ?? null)),
		backup: kept.find(({path}) => path === plan.path)?.as ?? null,
	};
}

/** The plan's actions as changes of files; what belongs to one file comes at once. */
function changesOf({actions, text, seen}: Plan, now: ReadonlyMap<string, Look>): readonly FileChange[] {
	const changes: FileChange[] = [];
	const expected = (path: string): {expect?: SeenFile} => {
		const found = seen.find(one => one.path === path);
		return found === undefined ? {} : {expect: found};
	};
	const backupOf = (path: string): {backup?: string} => {
		const found = actions.find(action => action.kind === 'backup' && action.path === path);
		return found?.kind === 'backup' ? {backup: found.to} : {};
	};
	for (const action of actions) {
		const {path} = action;
		switch (action.kind) {
			case 'make-directory':
				changes.push({kind: 'directory', path, mode: action.mode});
				break;
			case 'backup':
				break;
			case 'set-aside':
				changes.push({kind: 'rename', path, to: action.to, ...expected(path)});
				break;
			case 'write-configuration':
				changes.push({kind: 'write', path, bytes: Buffer.from(text), mode: configurationMode, ...expected(path), ...backupOf(path)});
				break;
			case 'write-script':
				changes.push({kind: 'write', path, bytes: Buffer.from(action.content), mode: action.mode, ...expected(path), ...backupOf(path)});
				break;
			case 'copy-script':
				changes.push({kind: 'write', path, bytes: now.get(action.from)?.content ?? Buffer.alloc(0), mode: action.mode, ...expected(path), ...backupOf(path)});
				break;
			case 'chown':
			case 'chmod': {
				const wish = action.kind === 'chown' ? {owner: 0} : {mode: action.mode};
				const index = changes.findIndex(change => change.kind === 'access' && change.path === path);
				const before = changes[index];
				if (before?.kind === 'access') changes[index] = {...before, ...wish};
				else changes.push({kind: 'access', path, ...wish, ...expected(path)});
				break;
			}
		}
	}

	return changes;
}

function doneSentence(action: Action, kept: string | null): string {
	switch (action.kind) {
		case 'make-directory':
			return `made the directory ${action.path} (root, ${action.mode.toString(8)})`;
		case 'backup':
			return `kept the previous ${action.path} as ${kept ?? action.to}`;
		case 'set-aside':
			return `set ${action.path} aside as ${action.to}`;
		case 'write-configuration':
			return `wrote ${action.path} (root, 600)`;
		case 'write-script':
			return `wrote ${action.path} (root, ${action.mode.toString(8)})`;
		case 'copy-script':
			return `copied ${action.from} to ${action.path} (root, ${action.mode.toString(8)})`;
		case 'chmod':
			return `set ${action.path} to ${action.mode.toString(8)}`;
		case 'chown':
			return `gave ${action.path} to root`;
	}
}
