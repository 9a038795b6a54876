import {readConfiguration, type Configuration} from '../core/config/read.js';
import {settingKeys} from '../core/config/settings.js';
import {documentedAddress, shownAddress} from '../core/config/template-address.js';
import {exitCodes, Failure} from '../core/failure.js';
import {lookAt} from './file-look.js';
import {readTemplate} from './templates.js';

/** More than any template has, in bytes. */
const mostBytes = 64 * 1024;

export type TemplateAnswer = {
	readonly source: 'download' | 'file' | 'bundled';
	/** The address or path that was asked for; `bundled` without one. */
	readonly from: string;
	readonly configuration: Configuration;
	/** Why it is the bundled one although another was asked for, in a sentence; null where it is the one that was asked for. */
	readonly note: string | null;
};

export type DownloadOptions = {
	/** Default: the documented address. */
	readonly address?: string;
	/** Default: 5 s over all. */
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal;
};

/** The template that comes with quiesce, which equals the documented one. */
export function bundledTemplate(): TemplateAnswer {
	const configuration = readConfiguration(new TextEncoder().encode(readTemplate('VMSnapshotScriptPluginConfig.json')));
	if (typeof configuration === 'string') throw new Error(`templates/VMSnapshotScriptPluginConfig.json: ${configuration}`);
	return {source: 'bundled', from: 'bundled', configuration, note: null};
}

/** Downloads the template. Where that does not succeed, or what comes is no template, the bundled one is answered, with a note that says so. */
export async function downloadTemplate({address = documentedAddress, timeoutMs = 5000, signal}: DownloadOptions = {}): Promise<TemplateAnswer> {
	const instead = (why: string): TemplateAnswer => ({
		...bundledTemplate(),
		from: address,
		note: address === documentedAddress
			? `The documented template could not be downloaded: ${why}. The one that comes with quiesce is used, which is the same.`
			: `The template could not be downloaded from ${shownAddress(address)}: ${why}. The one that comes with quiesce is used instead.`,
	});
	if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return instead('it is not an address of the web (http:// or https://)');
	try {
		// Node's web modules take a while to load, and most set-ups go without.
		const {getPage} = await import('./web.js');
		const {status, body} = await getPage(address, {timeoutMs, limit: mostBytes, proxy: true, redirections: 3, ...(signal === undefined ? {} : {signal})});
		if (status !== 200) return instead(`the server answered ${status}`);
		const configuration = templateOf(body);
		return typeof configuration === 'string' ? instead(`what is there is no template. ${configuration.replace(/\.$/, '')}`) : {source: 'download', from: address, configuration, note: null};
	} catch (error) {
		return instead(error instanceof Error ? error.message : String(error));
	}
}

/** Reads a template out of a file. @throws Failure (2) where it is not there or no template. */
export function readTemplateFile(path: string): TemplateAnswer {
	const remedy = 'Name a file that holds a configuration, or leave out --template.';
	const {kind, content, size} = lookAt(path, mostBytes, 'follow');
	if (kind !== 'file') throw new Failure(kind === 'missing' ? `There is no template ${path}.` : `The template ${path} is not a regular file.`, {exitCode: exitCodes.usage, remedy});
	if (content === null) throw new Failure(`The template ${path} ${size > mostBytes ? 'is larger than 64 kB' : 'cannot be read'}.`, {exitCode: exitCodes.usage, remedy});
	const configuration = templateOf(content);
	if (typeof configuration === 'string') throw new Failure(`${path} is no template. ${configuration}`, {exitCode: exitCodes.usage, remedy});
	return {source: 'file', from: path, configuration, note: null};
}

/** The template of `--template`: an address or a file; the bundled one where nothing was said. @throws Failure (2) for a file that is none. */
export async function findTemplate(where: string | undefined, options: DownloadOptions = {}): Promise<TemplateAnswer> {
	if (where === undefined) return bundledTemplate();
	if (/^[a-z][a-z\d+.-]*:\/\//i.test(where)) return downloadTemplate({...options, address: where});
	return readTemplateFile(where);
}

/** A configuration with at least one of the keys; a text says why it is none. */
function templateOf(bytes: Uint8Array): Configuration | string {
	const configuration = readConfiguration(bytes);
	if (typeof configuration === 'string') return configuration;
	const has = settingKeys.some(key => Object.hasOwn(configuration.settings, key)) || configuration.misspelt.length > 0;
	return has ? configuration : 'None of the settings of a configuration is in it.';
}
