import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chmodSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {checkExtension, predict} from '../../source/core/extension/index.js';
import {gatherExtensionFacts} from '../../source/system/azure-files.js';
import {whyNotRoot} from '../support/skip.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-facts-'));
after(() => rmSync(directory, {recursive: true, force: true}));
const at = (name: string): string => join(directory, name);

function verdictOf(path: string): ReadonlyArray<number | null> {
	return predict(checkExtension(gatherExtensionFacts(path))).errors.map(({code}) => code);
}

test('real files, links and modes are seen as the extension sees them', {skip: whyNotRoot()}, () => {
	writeFileSync(at('pre.sh'), 'exit 0\n', {mode: 0o700});
	writeFileSync(at('post.sh'), 'exit 0\n', {mode: 0o755});
	chmodSync(at('post.sh'), 0o755);
	writeFileSync(at('real.json'), JSON.stringify({preScriptLocation: at('pre.sh'), postScriptLocation: at('post.sh')}), {mode: 0o600});
	symlinkSync(at('real.json'), at('link.json'));
	assert.deepEqual(verdictOf(at('link.json')), [307]);
	chmodSync(at('post.sh'), 0o700);
	assert.deepEqual(verdictOf(at('link.json')), []);
	rmSync(at('pre.sh'));
	assert.deepEqual(verdictOf(at('real.json')), [302]);
	chmodSync(at('real.json'), 0o644);
	assert.deepEqual(verdictOf(at('real.json')), [317]);
	assert.deepEqual(verdictOf(at('nothing.json')), [316]);
});

test('a FIFO and a huge sparse file are answered at once', {skip: whyNotRoot()}, () => {
	spawnSync('mkfifo', ['-m', '600', at('fifo.json')]);
	assert.deepEqual(verdictOf(at('fifo.json')), [316]);
	writeFileSync(at('huge.json'), '', {mode: 0o600});
	truncateSync(at('huge.json'), 10 * 1024 ** 3);
	assert.deepEqual(verdictOf(at('huge.json')), [305]);
});
