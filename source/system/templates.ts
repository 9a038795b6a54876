import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {Failure} from '../core/failure.js';

/** The text of a file in templates/, seen from dist/ and from build/source/system/. Throws a Failure where the installation lacks it. */
export function readTemplate(name: string): string {
	for (const way of ['../templates/', '../../../templates/']) {
		try {
			return readFileSync(fileURLToPath(new URL(`${way}${name}`, import.meta.url)), 'utf8');
		} catch {
			// It is in the other place, or nowhere.
		}
	}
	throw new Failure(`A file of quiesce (templates/${name}) is not there.`, {remedy: 'Install quiesce again with: npm ci'});
}
