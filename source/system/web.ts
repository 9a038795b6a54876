import {Buffer} from 'node:buffer';
import http from 'node:http';
import https from 'node:https';
import {Failure} from '../core/failure.js';

export type WebRequest = {
	/** Over all: the name, the connection, redirections, the body. */
	readonly timeoutMs: number;
	/** In bytes of the body. */
	readonly limit: number;
	readonly headers?: Readonly<Record<string, string>>;
	/** Whether a proxy of the environment is used (http_proxy, https_proxy, no_proxy). */
	readonly proxy: boolean;
	/** How many redirections are followed; never from https to http. */
	readonly redirections?: number;
	readonly signal?: AbortSignal;
};

export type WebAnswer = {readonly status: number; readonly body: Buffer};

/** Gets a page. Rejects with an Error whose message is a clause for people: `the server answered 404`. Any status but a redirection is an answer. */
export async function getPage(address: string, request: WebRequest): Promise<WebAnswer> {
	const deadline = AbortSignal.timeout(request.timeoutMs);
	const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
	let url = new URL(address);
	for (let followed = 0; ; followed++) {
		const answer = await getOnce(url, request, signal).catch((error: unknown) => {
			if (deadline.aborted) throw new Error(`there was no answer within ${request.timeoutMs / 1000} s`, {cause: error});
			throw new Error(wordsOf(error, url), {cause: error});
		});
		if (answer.location === null) return answer;
		if (followed >= (request.redirections ?? 0)) throw new Error(`the server at ${url.host} sends on to another address, and again`);
		if (!URL.canParse(answer.location, url.href)) throw new Error(`the server at ${url.host} sends on to what is no address`);
		const next = new URL(answer.location, url);
		if (next.protocol !== 'https:' && (next.protocol !== 'http:' || url.protocol === 'https:')) throw new Error(`the server at ${url.host} sends on to ${next.protocol}//, which is not followed`);
		url = next;
	}
}

async function getOnce(url: URL, {limit, headers, proxy}: WebRequest, signal: AbortSignal): Promise<WebAnswer & {readonly location: string | null}> {
	const secure = url.protocol === 'https:';
	const Agent = secure ? https.Agent : http.Agent;
	const agent = new Agent({keepAlive: false, ...(proxy ? {proxyEnv: process.env} : {})});
	try {
		return await new Promise((resolve, reject) => {
			const sent = (secure ? https : http).get(url, {agent, signal, headers: {...headers, 'accept-encoding': 'identity'}}, answer => {
				const status = answer.statusCode ?? 0;
				const location = status >= 300 && status < 400 ? answer.headers.location ?? null : null;
				const parts: Buffer[] = [];
				let length = 0;
				answer.on('data', (part: Buffer) => {
					length += part.length;
					parts.push(part);
					if (length > limit) sent.destroy(new Failure(`it is larger than ${Math.round(limit / 1024)} kB`));
				});
				answer.on('error', reject);
				answer.on('end', () => resolve({status, body: Buffer.concat(parts), location}));
			});
			sent.on('error', reject);
		});
	} finally {
		agent.destroy();
	}
}

function wordsOf(error: unknown, url: URL): string {
	if (error instanceof Failure) return error.message;
	// A name with several addresses fails with all of their errors.
	const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
	switch ((first as NodeJS.ErrnoException).code) {
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return `the name ${url.hostname} cannot be resolved`;
		case 'ECONNREFUSED':
			return `${url.host} refuses the connection`;
		case 'ENETUNREACH':
		case 'EHOSTUNREACH':
		case 'EADDRNOTAVAIL':
			return `there is no way to ${url.host}`;
		case 'ECONNRESET':
			return `${url.host} has closed the connection`;
		default:
			return `${url.host} cannot be asked (${first instanceof Error ? first.message : String(first)})`;
	}
}
