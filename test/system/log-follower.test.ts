import assert from 'node:assert/strict';
import {appendFileSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test, type TestContext} from 'node:test';
import {Failure} from '../../source/core/failure.js';
import {findTail, followFile, rotatedBefore} from '../../source/system/log-follower.js';

const top = mkdtempSync(join(tmpdir(), 'quiesce-follower-'));
after(() => rmSync(top, {recursive: true, force: true}));
let count = 0;
function fresh(): string {
	const directory = join(top, String(count++));
	mkdirSync(directory);
	return directory;
}

type Seen = {readonly path: string; readonly text: () => string; readonly news: readonly string[]; readonly until: (pattern: RegExp) => Promise<void>; readonly look: () => Promise<void>};

/** Follows a file and keeps what it brings. Everything is awaited by its effect, never by the clock. */
async function following(context: TestContext, path: string, from = 0): Promise<Seen> {
	let text = '';
	const news: string[] = [];
	const waiting = new Set<() => void>();
	const told = (): void => waiting.forEach(look => look());
	const follower = followFile(path, from, {
		bytes: chunk => {
			text += Buffer.from(chunk).toString();
			told();
		},
		newFile: why => {
			news.push(why);
			text += `<${why}>`;
			told();
		},
		idle: told,
	});
	context.after(() => follower.close());
	await follower.caughtUp;
	return {
		path, text: () => text, news, look: follower.look,
		until: async pattern => new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`${String(pattern)} did not come; there is: ${text.slice(-500)}`)), 60_000);
			const look = (): void => {
				if (!pattern.test(text)) return;
				clearTimeout(timer);
				waiting.delete(look);
				resolve();
			};
			waiting.add(look);
			look();
		}),
	};
}

suite('log follower', () => {
	test('what is there, from an offset, and what is appended', async context => {
		const path = join(fresh(), 'a.log');
		writeFileSync(path, 'old\nnew\n');
		const seen = await following(context, path, 4);
		assert.equal(seen.text(), 'new\n');
		appendFileSync(path, 'more');
		await seen.until(/^new\nmore$/);
	});

	test('a file that appears later, in a directory that appears later', async context => {
		const directory = join(fresh(), 'var', 'log');
		const path = join(directory, 'a.log');
		const seen = await following(context, path);
		mkdirSync(directory, {recursive: true});
		writeFileSync(path, 'first\n');
		await seen.until(/^<appeared>first\n$/);
		appendFileSync(path, 'second\n');
		await seen.until(/second\n$/);
	});

	test('rotated by renaming: the rest of the old one, then the new one', async context => {
		const path = join(fresh(), 'a.log');
		writeFileSync(path, 'one\n');
		const seen = await following(context, path);
		renameSync(path, `${path}.1`);
		appendFileSync(`${path}.1`, 'late\n');
		writeFileSync(path, 'two\n');
		await seen.until(/two\n$/);
		assert.equal(seen.text(), 'one\nlate\n<rotated>two\n');
		assert.equal(rotatedBefore(path), `${path}.1`);
	});

	test('copied and truncated', async context => {
		const path = join(fresh(), 'a.log');
		writeFileSync(path, 'a long first text\n');
		const seen = await following(context, path);
		copyFileSync(path, `${path}.1`);
		truncateSync(path, 0);
		await seen.look();
		appendFileSync(path, 'two\n');
		await seen.until(/<truncated>two\n$/);
	});

	test('emptied and filled beyond the old end before anybody looked', async context => {
		const path = join(fresh(), 'a.log');
		writeFileSync(path, 'a first text\n');
		const seen = await following(context, path);
		writeFileSync(path, 'another text, and a longer one\n');
		await seen.until(/<truncated>another text, and a longer one\n$/);
	});

	test('removed, and made anew', async context => {
		const path = join(fresh(), 'a.log');
		writeFileSync(path, 'one\n');
		const seen = await following(context, path);
		unlinkSync(path);
		await seen.look();
		writeFileSync(path, 'two\n');
		await seen.until(/^one\n<rotated>two\n$/);
	});

	test('the whole directory removed, and made anew', async context => {
		const directory = join(fresh(), 'log');
		const path = join(directory, 'a.log');
		mkdirSync(directory);
		writeFileSync(path, 'one\n');
		const seen = await following(context, path);
		rmSync(directory, {recursive: true});
		await seen.look();
		mkdirSync(directory);
		writeFileSync(path, 'two\n');
		await seen.until(/two\n$/);
	});

	test('through a link into another directory', async context => {
		const [here, there] = [fresh(), fresh()];
		writeFileSync(join(there, 'real.log'), 'one\n');
		symlinkSync(join(there, 'real.log'), join(here, 'a.log'));
		const seen = await following(context, join(here, 'a.log'));
		appendFileSync(join(there, 'real.log'), 'two\n');
		await seen.until(/^one\ntwo\n$/);
	});

	test('much at once arrives whole', async context => {
		const path = join(fresh(), 'a.log');
		writeFileSync(path, '');
		const seen = await following(context, path);
		const text = `${Array.from({length: 50_000}, (_, index) => `line ${index} of a text that is longer than one piece`).join('\n')}\nend\n`;
		appendFileSync(path, text);
		await seen.until(/\nend\n$/);
		assert.equal(seen.text(), text);
	});

	test('what is no file is refused with a sentence', () => {
		assert.throws(() => followFile(top, 0, {bytes: () => {}, newFile: () => {}, idle: () => {}}), (error: unknown) => error instanceof Failure && error.exitCode === 2 && /is a directory/.test(error.message));
	});

	test('where to begin in a large file: before the last text that matters, however far back', () => {
		const path = join(fresh(), 'a.log');
		const line = `${'x'.repeat(99)}\n`;
		writeFileSync(path, `${line.repeat(30_000)}starting\n${line.repeat(25_000)}`);
		const sizes = {wanted: 1000, most: 64 * 1024 * 1024, before: 500};
		assert.deepEqual(findTail(path, 'starting', sizes), {offset: 3_000_000 - 500, found: true});
		assert.deepEqual(findTail(path, 'nowhere', sizes), {offset: 5_500_009 - 1000, found: false});
		assert.deepEqual(findTail(path, 'starting', {...sizes, most: 1024 * 1024}), {offset: 5_500_009 - 1000, found: false});
		assert.equal(findTail(join(top, 'nothing'), 'x', sizes), null);
		// Across the edge of two pieces.
		writeFileSync(path, `${'y'.repeat(1_000_000)}starting${'z'.repeat(1024 * 1024 - 4)}`);
		assert.equal(findTail(path, 'starting', sizes)?.offset, 1_000_000 - 500);
	});
});
