import type {Finding, Mend, SettingEdit} from './checks/finding.js';
import {count, octal, shown} from './checks/words.js';
import {editSettings, readSettingsText} from './settings-text.js';

/** A file as it is before it is mended. */
export type PresentFile = {
	readonly path: string;
	readonly content: Uint8Array;
	readonly mode: number;
	/** A user name, or the number where the uid has none. */
	readonly owner: string;
};

/** What several mends of one file come to. */
export type MendedFile = {
	/** The new content; null where it stays. */
	readonly bytes: Uint8Array | null;
	/** Null where they stay. */
	readonly mode: number | null;
	readonly toRoot: boolean;
	/** The change, for people: a line each. */
	readonly lines: readonly string[];
	/** The findings that it mends. */
	readonly mended: readonly Finding[];
	/** Those that it cannot, with the reason as a clause. */
	readonly refused: readonly Refused[];
};

export type Refused = {readonly finding: Finding; readonly why: string};

/** Content first, as a whole, then by settings, then by lines; owner and permissions of whatever is there at the end. */
const order: readonly Mend['kind'][] = ['text', 'settings', 'line-ends', 'access'];

/** Works out the mends of one file, in its present state. Pure. */
export function mendFile(present: PresentFile, findings: readonly Finding[]): MendedFile {
	let text = new TextDecoder('utf-8', {ignoreBOM: true}).decode(present.content);
	let content = present.content;
	let mode: number | null = null;
	let toRoot = false;
	const lines: string[] = [];
	const mended: Finding[] = [];
	const refused: Refused[] = [];
	const renamed = new Set<string>();
	const replace = (next: string): void => {
		text = next;
		content = new TextEncoder().encode(next);
	};

	const mends = findings.flatMap(finding => finding.mend === undefined ? [] : [{finding, mend: finding.mend}]).toSorted((a, b) => order.indexOf(a.mend.kind) - order.indexOf(b.mend.kind));
	for (const {finding, mend} of mends) {
		switch (mend.kind) {
			case 'text':
				replace(mend.text);
				lines.push(`${present.path} is written anew as plain JSON in UTF-8, with the same ${count(Object.keys(readSettingsText(content).settings ?? {}).length, 'setting')}`);
				break;
			case 'settings': {
				// What comes under a key by its right name is looked at first: another finding is about what stood there before.
				if (mend.edits.some(edit => edit.change === 'set' && renamed.has(edit.key)) && !mend.edits.some(({change}) => change === 'rename')) continue;
				const before = readSettingsText(content).settings;
				const next = editSettings(text, mend.edits);
				if (before === null || next === null || readSettingsText(new TextEncoder().encode(next)).settings === null) {
					refused.push({finding, why: 'the configuration cannot be changed in one place while it is no valid JSON object'});
					continue;
				}

				lines.push(...mend.edits.flatMap(edit => editLine(edit, before) ?? []));
				for (const edit of mend.edits) if (edit.change === 'rename') renamed.add(edit.to);
				replace(next);
				break;
			}

			case 'line-ends': {
				const changed = lineEnds(content);
				if (changed.count === 0) {
					refused.push({finding, why: 'there are no Windows line ends in it any more'});
					continue;
				}

				content = changed.bytes;
				lines.push(`${present.path}: CR LF → LF on ${count(changed.count, 'line')}`);
				break;
			}

			case 'access': {
				const {mode: wanted, owner} = mend;
				if (owner !== undefined && present.owner !== 'root' && !toRoot) {
					toRoot = true;
					lines.push(`chown root ${present.path}   (now ${present.owner})`);
				}

				if (wanted !== undefined && (present.mode & 0o7777) !== wanted && mode !== wanted) {
					mode = wanted;
					lines.push(`chmod ${wanted.toString(8)} ${present.path}   (now ${octal(present.mode)})`);
				}

				break;
			}

			// The only one that is about two files: it is not made here.
			case 'rename':
				continue;
		}

		mended.push(finding);
	}

	return {bytes: content === present.content ? null : content, mode, toRoot, lines, mended, refused};
}

function editLine(edit: SettingEdit, before: Readonly<Record<string, unknown>>): string | null {
	switch (edit.change) {
		case 'set':
			// Another finding is mended by the same.
			if (JSON.stringify(before[edit.key]) === JSON.stringify(edit.value) && Object.hasOwn(before, edit.key)) return null;
			return Object.hasOwn(before, edit.key) ? `${edit.key}: ${shown(before[edit.key])} → ${shown(edit.value)}` : `${edit.key}: ${shown(edit.value)}   (new)`;
		case 'rename':
			return `${edit.key} → ${edit.to}: ${shown(before[edit.key])}`;
		case 'remove':
			return `${edit.key}: ${shown(before[edit.key])}   (removed)`;
	}
}

/** Byte for byte, because a script need not be UTF-8. */
function lineEnds(bytes: Uint8Array): {readonly bytes: Uint8Array; readonly count: number} {
	const result = new Uint8Array(bytes.length);
	let length = 0;
	let found = 0;
	for (let at = 0; at < bytes.length; at++) {
		if (bytes[at] === 0x0D && (bytes[at + 1] === 0x0A || at === bytes.length - 1)) found++;
		else result[length++] = bytes[at]!;
	}

	return {bytes: result.subarray(0, length), count: found};
}
