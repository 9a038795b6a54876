import {iniSection} from './ini.js';

/** The mount points that `MountsToSkip` in vmbackup.conf leaves out: separated by commas, taken to the letter, blanks included, as the extension does. */
export function mountsToSkip(text: string): readonly string[] {
	const value = iniSection(text, 'SnapshotThread')?.get('mountstoskip');
	return value === undefined || value === '' ? [] : value.split(',');
}
