import {readSettingsText} from '../settings-text.js';
import type {AnswerProblem} from './settings.js';

/** The answers as JSON has them, or what is wrong with their text. */
export type ReadAnswers = {readonly value: unknown; readonly problem: null} | {readonly value: null; readonly problem: AnswerProblem};

const expected = 'one JSON object, { … }, with the configuration\'s keys';

/** How deep settings can stand in one another at most: those of several applications, an object for each name, stand three deep. */
const deepest = 16;

/** Reads the bytes of answers. A byte order mark is passed over; a setting that is given twice, with two values, is refused: which one is meant is not known. Never throws. */
export function readAnswersText(bytes: Uint8Array): ReadAnswers {
	const marked = bytes[0] === 0xEF && bytes[1] === 0xBB && bytes[2] === 0xBF;
	const plain = marked ? bytes.subarray(3) : bytes;
	if (plain.every(byte => byte <= 0x20)) return refused('The answers are empty.');
	const {problem, duplicates, refusal} = readSettingsText(plain);
	if (problem !== null) return refused(refusal === 304 ? 'The answers are nested too deep.' : `The answers are no JSON. ${problem}`);
	const text = new TextDecoder().decode(plain);
	if (depthOf(text) > deepest) return refused('The answers are nested too deep.');
	const [twice] = duplicates;
	if (twice !== undefined) return refused(`${twice} stands in the answers more than once, with different values; which one is meant is not clear.`, {key: twice, expected: 'each setting once'});
	try {
		return {value: JSON.parse(text) as unknown, problem: null};
	} catch {
		// What Python's reader takes beyond JSON.
		return refused('The answers are no JSON. NaN, Infinity and -Infinity are no numbers there.');
	}
}

function refused(sentence: string, about: {readonly key: string; readonly expected: string} = {key: '', expected}): ReadAnswers {
	return {value: null, problem: {...about, value: null, message: `${sentence} Expected: ${about.expected}.`}};
}

/** How many lists and objects stand in one another. The text is valid. */
function depthOf(text: string): number {
	let depth = 0;
	let most = 0;
	for (const [found] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/gs)) {
		if (found === '[' || found === '{') most = Math.max(most, ++depth);
		else if (found === ']' || found === '}') depth--;
	}

	return most;
}
