import {Buffer} from 'node:buffer';
import {createReadStream} from 'node:fs';
import {exitCodes, Failure} from '../core/failure.js';
import {wordsOf} from './safe-directory.js';

/** More than any answers have, in bytes. */
const mostBytes = 1024 * 1024;

/** Reads the answers of `--answers`: a file, a pipe, or standard input for `-`. @throws Failure (2) where they cannot be read. */
export async function readAnswers(where: string): Promise<Buffer> {
	const name = where === '-' ? 'standard input' : where;
	const remedy = 'Give a file with the answers as JSON: --answers FILE, or - for standard input.';
	const parts: Buffer[] = [];
	let length = 0;
	try {
		const stream = where === '-' ? process.stdin : createReadStream(where);
		for await (const part of stream) {
			const bytes = Buffer.from(part as Uint8Array);
			length += bytes.length;
			if (length > mostBytes) throw new Failure(`The answers in ${name} are larger than 1 MB.`, {exitCode: exitCodes.usage, remedy});
			parts.push(bytes);
		}
	} catch (error) {
		if (error instanceof Failure) throw error;
		throw new Failure(`The answers cannot be read from ${name}: ${wordsOf(error)}.`, {exitCode: exitCodes.usage, remedy, cause: error});
	}

	return Buffer.concat(parts);
}
