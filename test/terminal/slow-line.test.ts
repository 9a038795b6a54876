import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test} from 'node:test';
import {setTimeout as pause} from 'node:timers/promises';
import {generateCycle} from '../support/extension-log-generator.js';
import {plainEnvironment, start, type Started} from '../support/process.js';
import {bundledQuiesce, whyNoBundle} from '../support/sandbox.js';
import {until} from '../support/scripts-lab.js';
import {firstReason, whyNoProgram} from '../support/skip.js';

const top = mkdtempSync(join(tmpdir(), 'quiesce-slow-'));
after(() => rmSync(top, {recursive: true, force: true}));

/** What a serial console of 9600 baud takes in a second. */
const bytesASecond = 960;

function watching(name: string, log: string): Started {
	const directory = join(top, name);
	mkdirSync(directory);
	writeFileSync(join(directory, 'extension.log'), log);
	// All that is written to the terminal comes through the pipe.
	return start('script', ['--quiet', '--flush', '--return', '--command', `stty rows 24 cols 80; exec '${bundledQuiesce}' watch --log '${directory}/extension.log'`, '/dev/null'], {
		env: {...plainEnvironment(), TERM: 'vt220', QUIESCE_STATE_DIR: join(directory, 'state')},
	});
}

suite('over a slow line', {skip: firstReason(whyNoBundle(), whyNoProgram('script'))}, () => {
	test('a backup that runs takes less than a serial console can', async () => {
		const {log} = generateCycle({at: Date.now() - 11_000});
		const watch = watching('running', log.slice(0, log.indexOf('\n', log.indexOf('Running prescript')) + 1));
		try {
			await watch.until(/(?:1\d|2[0-5]) s of 30 s/);
			const [, first = ''] = /.*(\d\d) s of 30 s/s.exec(watch.output().stdout) ?? [];
			const before = watch.output().stdout.length;
			await watch.until(new RegExp(`${Number(first) + 4} s of 30 s`));
			const took = watch.output().stdout.length - before;
			assert.ok(took > 50, `${took} bytes`);
			assert.ok(took < 4 * bytesASecond, `${took} bytes in 4 s`);
		} finally {
			watch.kill('SIGKILL');
			await watch.ended;
		}
	});

	test('while nothing happens, nothing is written', async () => {
		const watch = watching('idle', generateCycle({}).log);
		try {
			await watch.until(/waiting for the next backup[^]*help/);
			// There is no event to wait for: that none comes is what is tested. What belongs to the first frame may still be on its way.
			await until('nothing is written for two seconds', async () => {
				const before = watch.output().stdout.length;
				await pause(2000);
				return watch.output().stdout.length === before;
			});
		} finally {
			watch.kill('SIGKILL');
			await watch.ended;
		}
	});
});
