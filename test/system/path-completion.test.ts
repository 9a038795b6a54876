import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {completePath} from '../../source/system/path-completion.js';

test('paths are completed with what lies there, but for what could not be typed', () => {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-complete-'));
	try {
		for (const name of ['pre hook.sh', 'pre-höök.sh', '.hidden', 'pre\u001B[31m.sh', 'pre\n.sh', 'pre\u202Ehs.x', 'post.sh']) writeFileSync(join(directory, name), '');
		writeFileSync(Buffer.concat([Buffer.from(`${directory}/pre-`), Buffer.from([0xE4]), Buffer.from('.sh')]), '');
		mkdirSync(join(directory, 'predicates'));
		symlinkSync('predicates', join(directory, 'pre-link'));
		const names = (typed: string): readonly string[] => completePath(join(directory, typed)).map(path => path.slice(directory.length + 1));
		assert.deepEqual(names('pre'), ['pre hook.sh', 'pre-höök.sh', 'pre-link/', 'predicates/']);
		assert.deepEqual(completePath(`${directory}/`).length, 5);
		assert.deepEqual([names('.h'), names('none'), completePath('relative'), completePath('/none/x')], [['.hidden'], [], [], []]);
	} finally {
		rmSync(directory, {recursive: true});
	}
});
