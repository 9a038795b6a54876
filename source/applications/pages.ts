import {readTemplate} from '../system/templates.js';
import {applications, findApplication} from './index.js';

/** What there is a page of documentation about: every application, and the directory of several. */
export const pageNames: readonly string[] = [...applications.map(({name}) => name), 'directory'];

/** The page about an application or about the directory of scripts, in Markdown; undefined where there is none. */
export function pageAbout(name: string): {readonly name: string; readonly text: string} | undefined {
	const wanted = name.toLowerCase();
	const known = findApplication(wanted)?.name ?? wanted;
	return pageNames.includes(known) ? {name: known, text: readTemplate(`applications/${known}.md`)} : undefined;
}
