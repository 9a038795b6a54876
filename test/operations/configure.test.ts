import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chmodSync, chownSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, suite, test} from 'node:test';
import * as fc from 'fast-check';
import {validateAnswers} from '../../source/core/config/answers.js';
import type {Plan, PlanRequest} from '../../source/core/config/plan.js';
import {Failure} from '../../source/core/failure.js';
import {heldApplications} from '../../source/system/held-applications.js';
import {applyPlan, planConfiguration} from '../../source/operations/configure.js';
import {bundledScripts} from '../../source/operations/configure/bundled-scripts.js';
import {makeLoopDisks} from '../support/loop-disk.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNotRoot} from '../support/skip.js';

const directories: string[] = [];

/** A directory of root's with two scripts, and where the configuration is to be. */
function makePlace(): {readonly directory: string; readonly configuration: string; readonly scripts: {preScriptLocation: string; postScriptLocation: string}} {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-configure-'));
	directories.push(directory);
	for (const name of ['pre.sh', 'post.sh']) {
		writeFileSync(join(directory, name), '#!/bin/sh\nexit 0\n');
		chmodSync(join(directory, name), 0o755);
	}
	return {
		directory,
		configuration: join(directory, 'azure/VMSnapshotScriptPluginConfig.json'),
		scripts: {preScriptLocation: join(directory, 'pre.sh'), postScriptLocation: join(directory, 'post.sh')},
	};
}

function modeOf(path: string): string {
	return (statSync(path).mode & 0o7777).toString(8);
}

/** All that lies in a directory, with what could be changed of it. */
function snapshot(directory: string): readonly string[] {
	return (readdirSync(directory, {recursive: true}) as string[]).toSorted().map(name => {
		const path = join(directory, name);
		const facts = lstatSync(path);
		const content = facts.isFile() && facts.size < 1_000_000 ? readFileSync(path).toString('base64') : String(facts.size);
		return `${name} ${facts.mode.toString(8)} ${facts.uid} ${facts.nlink} ${content}`;
	});
}

async function plan(request: Omit<PlanRequest, 'answers'> & {readonly answers?: unknown}): Promise<Plan> {
	return planConfiguration({answers: {}, ...request});
}

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
	await assert.rejects(work, (error: unknown) => {
		assert.ok(error instanceof Failure, String(error));
		assert.equal(error.exitCode, 3);
		assert.ok(error.remedies.length > 0);
		assert.match(error.message, message);
		return true;
	});
}

const valid = '{\n  "preScriptLocation": "PRE",\n  "postScriptLocation": "POST",\n  "note":   {"kept": [1,  2]},\n  "preScriptParams": [],\n  "postScriptParams": [],\n'
	+ '  "preScriptNoOfRetries": 0,\n  "postScriptNoOfRetries": 0,\n  "timeoutInSeconds": 30,\n  "continueBackupOnFailure": true,\n  "fsFreezeEnabled": true,\n  "pluginName": "ScriptRunner"\n}\n';

/** As `makePlace`, with a configuration that needs no change but what `change` makes of it. */
function makeConfigured(change: (text: string) => string = text => text): ReturnType<typeof makePlace> {
	const place = makePlace();
	mkdirSync(join(place.directory, 'azure'), {mode: 0o755});
	writeFileSync(place.configuration, change(valid.replace('PRE', place.scripts.preScriptLocation).replace('POST', place.scripts.postScriptLocation)), {mode: 0o600});
	for (const path of Object.values(place.scripts)) chmodSync(path, 0o700);
	return place;
}

afterEach(() => {
	for (const directory of directories.splice(0)) {
		spawnSync('chattr', ['-R', '-i', directory]);
		rmSync(directory, {recursive: true, force: true});
	}
});

suite('configure', {skip: whyNotRoot()}, () => {
	test('from nothing: directory, configuration, permissions; what is planned is what is done, and then nothing is left to do', async () => {
		const {directory, configuration, scripts} = makePlace();
		const before = snapshot(directory);
		const answers = {...scripts, preScriptParams: ['', 'a b', '"q" \'s\' $HOME', 'ä\n\t€'], timeoutInSeconds: 120, continueBackupOnFailure: false};
		const first = await plan({configuration, answers});
		assert.deepEqual([first.valid, first.changed, first.problems, first.previous], [true, true, [], null]);
		assert.deepEqual(snapshot(directory), before);
		assert.deepEqual(first.actions.map(({kind}) => kind), ['make-directory', 'chmod', 'chmod', 'write-configuration']);
		assert.ok(first.diff.every(({sign}) => sign === '+'));
		assert.equal(first.verdict.outcome, 'application-consistent');
		assert.deepEqual(first.files.map(({role, mode, wanted}) => [role, mode, wanted]), [['configuration', 0, 0o600], ['pre', 0o755, 0o700], ['post', 0o755, 0o700]]);

		const {done, backup} = await applyPlan(first);
		assert.equal(done.length, 4);
		assert.equal(backup, null);
		assert.deepEqual([modeOf(join(directory, 'azure')), modeOf(configuration), modeOf(scripts.preScriptLocation), modeOf(scripts.postScriptLocation)], ['755', '600', '700', '700']);
		assert.equal(readFileSync(configuration, 'utf8'), first.text);
		assert.deepEqual(JSON.parse(first.text), {
			pluginName: 'ScriptRunner', postScriptParams: [], preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, fsFreezeEnabled: true, ...answers,
		});
		assert.deepEqual(readdirSync(join(directory, 'azure')), ['VMSnapshotScriptPluginConfig.json']);

		const again = await plan({configuration, answers});
		assert.deepEqual([again.valid, again.changed, again.actions, again.diff], [true, false, [], []]);
		assert.deepEqual(await applyPlan(again), {done: [], backup: null});
	});

	test('a change keeps unknown keys, their formatting and all that was not answered, and the previous file as a dated backup', async () => {
		const {configuration} = makeConfigured();
		const before = readFileSync(configuration, 'utf8');
		chmodSync(configuration, 0o644);
		const change = await plan({configuration, answers: {timeoutInSeconds: 90}});
		assert.deepEqual(change.diff.filter(({sign}) => sign !== ' '), [{sign: '-', text: '  "timeoutInSeconds": 30,'}, {sign: '+', text: '  "timeoutInSeconds": 90,'}]);
		const {backup} = await applyPlan(change);
		assert.match(backup ?? '', /\.json\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/);
		assert.equal(readFileSync(backup!, 'utf8'), before);
		assert.deepEqual([modeOf(backup!), modeOf(configuration)], ['600', '600']);
		assert.equal(readFileSync(configuration, 'utf8'), before.replace('30', '90'));
	});

	test('wrong permissions alone are set without writing the file anew', async () => {
		const {directory, configuration} = makeConfigured();
		chmodSync(configuration, 0o640);
		chownSync(configuration, 1, 1);
		const {ino} = statSync(configuration);
		const change = await plan({configuration});
		assert.deepEqual(change.actions.map(({kind}) => kind), ['chown', 'chmod']);
		await applyPlan(change);
		const after = statSync(configuration);
		assert.deepEqual([after.ino, after.uid, modeOf(configuration), readdirSync(join(directory, 'azure')).length], [ino, 0, '600', 1]);
	});

	test('wrong values in the present file are mended where their meaning is plain, said, and else asked for', async () => {
		const {configuration} = makeConfigured(text => text
			.replace('"timeoutInSeconds": 30', '"timeoutInSeconds": "30"')
			.replace('"continueBackupOnFailure": true', '"continueBackupOnFailure": "false"')
			.replace('"preScriptNoOfRetries": 0', '"preScriptNoOfRetries": -1')
			.replace('"preScriptParams": []', '"PreScriptParams": ["x"]')
			.replace('"postScriptParams": []', '"postScriptParams": ["a", 5, true]'));
		const change = await plan({configuration});
		assert.deepEqual(change.problems, []);
		const written = JSON.parse(change.text) as Record<string, unknown>;
		assert.deepEqual([written['timeoutInSeconds'], written['continueBackupOnFailure'], written['preScriptNoOfRetries'], written['preScriptParams'], written['postScriptParams']], [30, false, 0, ['x'], ['a', '5', 'True']]);
		for (const key of ['timeoutInSeconds', 'continueBackupOnFailure', 'preScriptNoOfRetries', 'preScriptParams', 'postScriptParams']) {
			assert.ok(change.warnings.some(warning => warning.key === key && warning.message.includes(key)), key);
		}

		const {configuration: other} = makeConfigured(text => text.replace('"timeoutInSeconds": 30', '"timeoutInSeconds": "soon"').replace('"fsFreezeEnabled": true', '"fsFreezeEnabled": "maybe"'));
		const asked = await plan({configuration: other, answers: {fsFreezeEnabled: true}});
		assert.deepEqual(asked.problems.map(({key}) => key), ['timeoutInSeconds']);
		assert.match(asked.problems[0]!.message, /^In the present configuration timeoutInSeconds is "soon", a text\. .*Give an answer for it\.$/);
		await refused(applyPlan(asked), /soon/);
		assert.equal((await plan({configuration: other, answers: {fsFreezeEnabled: true, timeoutInSeconds: 5}})).valid, true);
	});

	test('a present file that cannot be read is mended where it can be made out, else written anew and kept', async () => {
		const {configuration} = makeConfigured(text => `\uFEFF// mine\n${text}`);
		const mended = await plan({configuration});
		assert.equal(mended.valid, true);
		assert.match(mended.warnings[0]!.message, /could not be read by Azure/);
		assert.deepEqual((JSON.parse(mended.text) as {note: unknown}).note, {kept: [1, 2]});

		const {configuration: lost, scripts} = makeConfigured(() => 'what is this');
		const anew = await plan({configuration: lost, answers: scripts});
		assert.deepEqual([anew.valid, anew.actions.map(({kind}) => kind)], [true, ['backup', 'write-configuration']]);
		const {backup} = await applyPlan(anew);
		assert.equal(readFileSync(backup!, 'utf8'), 'what is this');
	});

	test('starting anew takes the template\'s values, not the present ones', async () => {
		const {configuration, scripts} = makeConfigured(text => text.replace('30', '77'));
		const template = JSON.stringify({...scripts, timeoutInSeconds: 50, preScriptParams: ['', ''], ours: 1});
		const anew = await plan({configuration, template, anew: true});
		const {note: _note, ...known} = JSON.parse(valid) as Record<string, unknown>;
		assert.deepEqual(JSON.parse(anew.text), {...known, ...scripts, timeoutInSeconds: 50, ours: 1});
		assert.deepEqual(anew.actions.map(({kind}) => kind), ['backup', 'write-configuration']);
	});

	test('what somebody has changed since is not overwritten, and nothing else is changed either', async () => {
		const changes: Readonly<Record<string, (place: ReturnType<typeof makePlace>) => void>> = {
			edited: ({configuration}) => writeFileSync(configuration, readFileSync(configuration, 'utf8').replace('30', '45')),
			removed: ({configuration}) => rmSync(configuration),
			'its mode': ({configuration}) => chmodSync(configuration, 0o640),
			'a script\'s owner': ({scripts}) => chownSync(scripts.preScriptLocation, 1, 1),
			'a script removed': ({scripts}) => rmSync(scripts.postScriptLocation),
			'a link instead': ({configuration, directory}) => {
				rmSync(configuration);
				symlinkSync(join(directory, 'pre.sh'), configuration);
			},
		};
		for (const [what, change] of Object.entries(changes)) {
			const place = makeConfigured();
			for (const path of Object.values(place.scripts)) chmodSync(path, 0o755);
			const planned = await plan({configuration: place.configuration, answers: {timeoutInSeconds: 90}});
			assert.equal(planned.valid, true, what);
			change(place);
			const before = snapshot(place.directory);
			await refused(applyPlan(planned), /has been changed by somebody else since quiesce looked at it\. Nothing has been changed\./);
			assert.deepEqual(snapshot(place.directory), before, what);
		}

		const place = makePlace();
		mkdirSync(join(place.directory, 'azure'));
		const planned = await plan({configuration: place.configuration, answers: place.scripts});
		writeFileSync(place.configuration, 'made meanwhile');
		await refused(applyPlan(planned), /changed by somebody else/);
		assert.equal(readFileSync(place.configuration, 'utf8'), 'made meanwhile');
	});

	test('places that are not safe are refused, each in a sentence, and nothing is changed', {timeout: 400_000}, async () => {
		const cases: Readonly<Record<string, readonly [spoil: (place: ReturnType<typeof makePlace>) => void, message: RegExp]>> = {
			link: [({configuration, directory}) => {
				writeFileSync(join(directory, 'real'), readFileSync(configuration));
				rmSync(configuration);
				symlinkSync('../real', configuration);
			}, /is a symbolic link/],
			'dangling link': [({configuration}) => {
				rmSync(configuration);
				symlinkSync('nowhere', configuration);
			}, /is a symbolic link/],
			'hard link': [({configuration, directory}) => linkSync(configuration, join(directory, 'other')), /is a hard link: the same file has 2 names/],
			directory: [({configuration}) => {
				rmSync(configuration);
				mkdirSync(configuration);
			}, /is a directory/],
			fifo: [({configuration}) => {
				rmSync(configuration);
				assert.equal(spawnSync('mkfifo', [configuration]).status, 0);
			}, /is not a regular file/],
			'10 GB, sparse': [({configuration}) => truncateSync(configuration, 10 * 1024 ** 3), /larger than 1 MB/],
			'directory for everybody': [({directory}) => chmodSync(join(directory, 'azure'), 0o777), /azure \(root, 0777\) can be written by everybody/],
			'sticky directory': [({directory}) => chmodSync(join(directory, 'azure'), 0o1777), /can be written by everybody/],
			'directory above for everybody': [({directory}) => chmodSync(directory, 0o777), /can be written by everybody/],
			'directory of somebody\'s': [({directory}) => chownSync(join(directory, 'azure'), 1, 1), /can be written by its owner/],
			'group may write': [({directory}) => {
				chownSync(join(directory, 'azure'), 0, 1);
				chmodSync(join(directory, 'azure'), 0o775);
			}, /its group/],
			'directory is a link': [({directory}) => {
				spawnSync('mv', [join(directory, 'azure'), join(directory, 'real')]);
				symlinkSync('real', join(directory, 'azure'));
			}, /does not write through links/],
			'directory is a file': [({directory}) => {
				rmSync(join(directory, 'azure'), {recursive: true});
				writeFileSync(join(directory, 'azure'), '');
			}, /is not a directory/],
			'no directory, and none above': [({directory}) => rmSync(join(directory), {recursive: true}), /There is no directory/],
		};
		for (const [what, [spoil, message]] of Object.entries(cases)) {
			const place = makeConfigured();
			const ready = await plan({configuration: place.configuration, answers: {timeoutInSeconds: 90}});
			assert.equal(ready.valid, true, what);
			spoil(place);
			const before = existsSync(place.directory) ? snapshot(place.directory) : null;
			const spoilt = await plan({configuration: place.configuration, answers: {timeoutInSeconds: 90}});
			assert.equal(spoilt.valid, false, what);
			assert.ok(spoilt.problems.some(problem => message.test(problem.message)), `${what}: ${JSON.stringify(spoilt.problems)}`);
			await refused(applyPlan(spoilt), /./);
			// And where it was spoilt only after the look.
			await refused(applyPlan(ready), /./);
			assert.deepEqual(existsSync(place.directory) ? snapshot(place.directory) : null, before, what);
		}
	});

	test('scripts that cannot be used are refused, each in a sentence, and nothing is changed', async () => {
		const {directory, configuration, scripts} = makePlace();
		mkdirSync(join(directory, 'open'), {mode: 0o777});
		chmodSync(join(directory, 'open'), 0o777);
		writeFileSync(join(directory, 'open/pre.sh'), '#!/bin/sh\n', {mode: 0o700});
		writeFileSync(join(directory, 'data'), 'root:x:0', {mode: 0o644});
		writeFileSync(join(directory, 'twice.sh'), '', {mode: 0o755});
		linkSync(join(directory, 'twice.sh'), join(directory, 'twin'));
		spawnSync('mkfifo', [join(directory, 'pipe.sh')]);
		symlinkSync('/bin/true', join(directory, 'link.sh'));
		const before = snapshot(directory);
		const cases: Readonly<Record<string, RegExp>> = {
			'pree.sh': /There is no pre-script .*pree\.sh\. Did you mean .*pre\.sh\?/,
			'.': /is a directory; a file is expected/,
			'pipe.sh': /is not a regular file/,
			'open/pre.sh': /lies where somebody else than root can replace it: .*open \(root, 0777\)/,
			data: /does not look like a script/,
			'twice.sh': /is a hard link/,
			'link.sh': /belongs to the system \(it leads to \/(?:usr\/)?bin\/true\)/,
			'azure/VMSnapshotScriptPluginConfig.json/': /There is no pre-script/,
		};
		for (const [name, message] of Object.entries(cases)) {
			const planned = await plan({configuration, answers: {...scripts, preScriptLocation: `${directory}/${name}`}});
			assert.deepEqual(planned.problems.map(({key}) => key), ['preScriptLocation'], name);
			assert.match(planned.problems[0]!.message, message);
			await refused(applyPlan(planned), message);
		}

		assert.deepEqual(snapshot(directory), before);
	});

	test('a script that is not root\'s is given to root, with a warning; without mending it stays, and the verdict says what comes of it', async () => {
		const {configuration, scripts} = makePlace();
		chownSync(scripts.preScriptLocation, 1, 1);
		const left = await plan({configuration, answers: scripts, mend: false});
		assert.deepEqual([left.valid, left.verdict.errors.map(({code}) => code)], [true, [306]]);
		const planned = await plan({configuration, answers: scripts});
		assert.ok(planned.warnings.some(({message}) => /who could have changed it until now/.test(message)));
		await applyPlan(planned);
		assert.deepEqual([statSync(scripts.preScriptLocation).uid, modeOf(scripts.preScriptLocation)], [0, '700']);
	});

	test('in a sticky directory like /tmp a script that is root\'s can be set right; nothing is written there', async () => {
		const {directory, configuration} = makePlace();
		chmodSync(directory, 0o1777);
		const location = join(directory, 'pre.sh');
		const written = await plan({configuration: join(directory, 'conf.json'), answers: {preScriptLocation: location, postScriptLocation: location}});
		assert.match(written.problems.map(({message}) => message).join(), /can be written by everybody/);
		mkdirSync(join(directory, 'azure'));
		await applyPlan(await plan({configuration, answers: {preScriptLocation: location, postScriptLocation: location}}));
		assert.equal(modeOf(location), '700');
		chownSync(location, 1, 1);
		chmodSync(location, 0o755);
		const others = await plan({configuration, answers: {preScriptLocation: location}});
		assert.match(others.problems[0]!.message, /lies where somebody else than root can replace it/);
	});

	test('own scripts are copied as they were reviewed, bundled ones written once and then left alone', async () => {
		const {directory, configuration, scripts} = makePlace();
		const to = join(directory, 'azure/own-pre.sh');
		const bytes = Buffer.from([0x23, 0x21, 0xFF, 0xFE, 0x0A]);
		writeFileSync(scripts.preScriptLocation, bytes);
		const bundled = bundledScripts(join(directory, 'azure')).post;
		const request = {configuration, copies: [{from: scripts.preScriptLocation, to}], scripts: [bundled], answers: {preScriptLocation: to, postScriptLocation: bundled.path}};
		const stale = await plan(request);
		writeFileSync(scripts.preScriptLocation, 'changed');
		await refused(applyPlan(stale), /pre\.sh has been changed by somebody else/);
		assert.equal(existsSync(join(directory, 'azure')), false);
		writeFileSync(scripts.preScriptLocation, bytes);
		const planned = await plan(request);
		assert.deepEqual(planned.actions.map(({kind}) => kind), ['make-directory', 'write-script', 'copy-script', 'write-configuration']);
		assert.equal(planned.verdict.outcome, 'application-consistent');
		await applyPlan(planned);
		assert.deepEqual([readFileSync(to).equals(bytes), modeOf(to), modeOf(bundled.path), modeOf(scripts.preScriptLocation)], [true, '700', '700', '755']);

		writeFileSync(bundled.path, '#!/bin/sh\n# filled in\n');
		writeFileSync(scripts.preScriptLocation, 'newer');
		const second = await plan(request);
		assert.deepEqual(second.actions.map(({kind}) => kind), ['backup', 'copy-script']);
		await applyPlan(second);
		assert.match(readFileSync(bundled.path, 'utf8'), /filled in/);
		assert.equal(readFileSync(to, 'utf8'), 'newer');
		assert.equal(readdirSync(join(directory, 'azure')).filter(name => name.startsWith('own-pre.sh.')).length, 1);
	});

	test('an application brings its files; its settings are those given, else those of the last time, else the default', async () => {
		const {directory, configuration} = makePlace();
		const settings = join(directory, 'azure/postgresql.conf');
		const first = await plan({configuration, answers: {application: 'postgresql', applicationSettings: {dataDirectory: '/data/it\'s $here', user: 'backup'}}});
		assert.deepEqual([first.valid, first.verdict.outcome, first.files.map(({wanted}) => wanted)], [true, 'application-consistent', [0o600, 0o700, 0o700]]);
		await applyPlan(first);
		const written = JSON.parse(readFileSync(configuration, 'utf8')) as Record<string, string>;
		assert.deepEqual([written['preScriptLocation'], modeOf(written['preScriptLocation']!), modeOf(settings)], [join(directory, 'azure/postgresql-pre.sh'), '700', '600']);
		assert.equal(spawnSync('sh', ['-c', '. "$0"; printf %s "$data_directory"', settings], {encoding: 'utf8'}).stdout, '/data/it\'s $here');

		writeFileSync(settings, `${readFileSync(settings, 'utf8')}# mine\n`);
		const same = await plan({configuration, answers: {application: 'postgresql'}});
		assert.deepEqual([same.valid, same.changed], [true, false]);
		const other = await plan({configuration, answers: {application: 'postgresql', applicationSettings: {lease: 60}, preScriptParams: ['x']}});
		assert.deepEqual(other.actions.map(({kind, path}) => [kind, path]), [['backup', settings], ['write-script', settings], ['backup', configuration], ['write-configuration', configuration]]);
		await applyPlan(other);
		assert.equal(spawnSync('sh', ['-c', '. "$0"; printf "%s %s %s" "$data_directory" "$user" "$lease"', settings], {encoding: 'utf8'}).stdout, '/data/it\'s $here backup 60');
	});

	test('several applications get one pair of scripts and a directory; what is not meant any more does not run, what is an administrator\'s own stays', async () => {
		const {directory, configuration} = makePlace();
		const inside = (name: string): string => join(directory, 'azure/quiesce.d', name);
		// What was set up for one alone counts.
		await applyPlan(await plan({configuration, answers: {application: 'postgresql', applicationSettings: {dataDirectory: '/data/pg', user: 'backup'}}}));
		const both = await plan({configuration, answers: {application: ['postgresql', 'mysql'], applicationSettings: {mysql: {socket: '/s', lease: 20}, postgresql: {lease: 70}}}});
		assert.deepEqual([both.valid, both.problems, both.verdict.outcome], [true, [], 'application-consistent']);
		await applyPlan(both);
		const written = JSON.parse(readFileSync(configuration, 'utf8')) as Record<string, string>;
		assert.deepEqual([written['preScriptLocation'], written['postScriptLocation']], [join(directory, 'azure/quiesce-pre.sh'), join(directory, 'azure/quiesce-post.sh')]);
		assert.deepEqual([modeOf(written['preScriptLocation']!), modeOf(inside('')), modeOf(inside('50-postgresql-pre.sh')), modeOf(inside('50-postgresql.conf'))], ['700', '700', '700', '600']);
		const settings = (name: string, words: string): string => spawnSync('sh', ['-c', `. "$0"; printf %s "${words}"`, inside(name)], {encoding: 'utf8'}).stdout;
		assert.equal(settings('50-postgresql.conf', '$data_directory $user $lease'), '/data/pg backup 70');
		assert.equal(settings('90-mariadb.conf', '$socket $lease'), '/s 20');
		assert.deepEqual(heldApplications(written['preScriptLocation']!).toSorted(), ['mariadb', 'postgresql']);
		const same = await plan({configuration, answers: {application: ['mariadb', 'postgresql']}});
		assert.deepEqual([same.valid, same.changed], [true, false]);

		writeFileSync(inside('20-own-pre.sh'), '# own\n', {mode: 0o700});
		const one = await plan({configuration, answers: {application: ['mariadb']}});
		assert.deepEqual(one.actions.map(({kind, path}) => [kind, path]), [['set-aside', inside('50-postgresql-post.sh')], ['set-aside', inside('50-postgresql-pre.sh')]]);
		await applyPlan(one);
		assert.deepEqual(readdirSync(inside('')).filter(name => name.endsWith('-pre.sh')), ['20-own-pre.sh', '90-mariadb-pre.sh']);
		assert.equal((await plan({configuration, answers: {application: ['mariadb']}})).changed, false);
	});

	test('several applications on a machine without a directory for the configuration: all of it is made', async () => {
		const {directory, configuration} = makePlace();
		const before = snapshot(directory);
		// Servers of other tests may run meanwhile: which one is meant must not be left to what is found.
		const answers = {application: ['postgresql', 'redis'], applicationSettings: {postgresql: {dataDirectory: '/nowhere'}, redis: {address: '/nowhere'}}};
		const planned = await plan({configuration, answers});
		assert.deepEqual([planned.valid, planned.problems], [true, []]);
		assert.deepEqual(planned.actions.filter(({kind}) => kind === 'make-directory').map(({path}) => path), [join(directory, 'azure'), join(directory, 'azure/quiesce.d')]);
		assert.deepEqual(snapshot(directory), before);
		await applyPlan(planned);
		assert.deepEqual([modeOf(join(directory, 'azure')), modeOf(join(directory, 'azure/quiesce.d')), modeOf(configuration)], ['755', '700', '600']);
		assert.equal((await plan({configuration, answers})).changed, false);
	});

	test('an application that is not known, or settings of it, are refused without a word about locations', async () => {
		const {configuration} = makePlace();
		for (const [answers, key, message] of [
			[{application: 7}, 'application', /application is 7\. Expected: the name of a bundled application/],
			[{application: ['redis', 'redis']}, 'application', /is \["redis","redis"\], a list\. Expected: each application once/],
			[{application: 'postgres'}, 'application', /application is "postgres", a text\. Expected: one of postgresql/],
			[{application: 'postgresql', applicationSettings: {nosuch: '1'}}, 'applicationSettings.nosuch', /no setting called nosuch/],
			[{application: 'postgresql', applicationSettings: {dataDirectory: 'data'}}, 'applicationSettings.dataDirectory', /absolute path/],
			[{application: 'service'}, 'applicationSettings.unit', /needs the setting unit/],
			[{application: 'service', applicationSettings: {unit: 'app.service', how: 'command', resumeCommand: 'true'}}, 'applicationSettings.quiesceCommand', /needs the setting quiesceCommand/],
			[{application: ['postgresql', 'nosuch']}, 'application', /application is "nosuch", a text/],
			[{application: ['mysql', 'mariadb']}, 'application', /mysql and mariadb are the same one/],
			[{application: ['postgresql'], applicationSettings: {mariadb: {}}}, 'applicationSettings.mariadb', /for mariadb, which is not in application/],
			[{application: ['postgresql'], applicationSettings: {postgresql: {dataDirectory: 'data'}}}, 'applicationSettings.postgresql.dataDirectory', /absolute path/],
		] as const) {
			const {valid, problems} = await plan({configuration, answers});
			assert.deepEqual([valid, problems.map(problem => problem.key)], [false, [key]]);
			assert.match(problems[0]!.message, message);
		}
	});

	test('a backup never takes the place of a file, be it a hard link to another', async () => {
		const {directory, configuration} = makeConfigured();
		const planned = await plan({configuration, answers: {timeoutInSeconds: 90}});
		const wish = planned.actions.find(action => action.kind === 'backup');
		assert.ok(wish?.kind === 'backup');
		writeFileSync(join(directory, 'precious'), 'precious');
		linkSync(join(directory, 'precious'), wish.to);
		const {backup} = await applyPlan(planned);
		assert.equal(backup, `${wish.to}-2`);
		assert.equal(readFileSync(join(directory, 'precious'), 'utf8'), 'precious');
		assert.match(readFileSync(backup!, 'utf8'), /"timeoutInSeconds": 30/);
	});

	test('where the last change fails, the first ones are taken back', {skip: firstReason(whyNoProgram('chattr'), whyNoLoopDisks('ext4'))}, async () => {
		const disks = await makeLoopDisks([{name: 'etc', type: 'ext4'}]);
		try {
			const {mount} = disks.disk('etc');
			const place = makeConfigured();
			const configuration = join(mount, 'conf.json');
			writeFileSync(configuration, readFileSync(place.configuration), {mode: 0o600});
			for (const path of Object.values(place.scripts)) chmodSync(path, 0o755);
			const planned = await plan({configuration, answers: {timeoutInSeconds: 90}, scripts: [{path: join(mount, 'new.sh'), content: 'x'}]});
			assert.equal(planned.valid, true);
			assert.equal(spawnSync('chattr', ['+i', configuration]).status, 0);
			const before = [snapshot(place.directory), snapshot(mount)];
			await refused(applyPlan(planned), /conf\.json cannot be written: the system does not permit it .*Nothing has been changed\./);
			spawnSync('chattr', ['-i', configuration]);
			assert.deepEqual([snapshot(place.directory), snapshot(mount)], before);
		} finally {
			await disks.end();
		}
	});

	test('a full disk and a read-only filesystem are said, and nothing half-written stays', {skip: whyNoLoopDisks('ext4')}, async () => {
		const disks = await makeLoopDisks([{name: 'etc', type: 'ext4'}]);
		try {
			const {mount} = disks.disk('etc');
			const {scripts} = makePlace();
			const configuration = join(mount, 'conf.json');
			const ready = await plan({configuration, answers: {...scripts, preScriptParams: ['x'.repeat(100_000)]}});
			assert.equal(ready.valid, true);
			spawnSync('sh', ['-c', `cat /dev/zero >${mount}/fill; sync; cat /dev/zero >>${mount}/fill`]);
			const before = snapshot(mount);
			await refused(applyPlan(ready), /conf\.json cannot be written: there is no space left on its filesystem\. Nothing has been changed\./);
			assert.deepEqual(snapshot(mount), before);
			assert.equal(modeOf(scripts.preScriptLocation), '755');
			rmSync(join(mount, 'fill'));
			assert.equal(spawnSync('mount', ['-o', 'remount,ro', mount]).status, 0);
			await refused(applyPlan(ready), /its filesystem is mounted read-only/);
			const planned = await plan({configuration, answers: scripts});
			assert.match(planned.problems.map(({message}) => message).join(), /mounted read-only/);
			// Where nothing is to be written, that does not matter.
			assert.equal(spawnSync('mount', ['-o', 'remount,rw', mount]).status, 0);
			await applyPlan(await plan({configuration, answers: scripts}));
			assert.equal(spawnSync('mount', ['-o', 'remount,ro', mount]).status, 0);
			const nothing = await plan({configuration, answers: scripts});
			assert.deepEqual([nothing.valid, nothing.changed], [true, false]);
			for (const path of Object.values(scripts)) chmodSync(path, 0o755);
			assert.equal(modeOf(scripts.preScriptLocation), '755');
		} finally {
			await disks.end();
		}
	});

	test('whatever JSON the answers are: a plan without an exception, and an applied one leaves a valid configuration that holds them', async () => {
		const {directory, configuration, scripts} = makePlace();
		const locations = [scripts.preScriptLocation, scripts.postScriptLocation, join(directory, 'none'), 'pre.sh', directory, `${directory}/pre.sh\n`];
		const keys = ['pluginName', 'preScriptLocation', 'postScriptLocation', 'preScriptParams', 'postScriptParams', 'preScriptNoOfRetries', 'postScriptNoOfRetries', 'timeoutInSeconds',
			'continueBackupOnFailure', 'fsFreezeEnabled', 'ScriptsExecutionPollTimeSeconds', 'application', 'applicationSettings', 'PreScriptLocation', '__proto__', 'constructor'];
		const value = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(...locations), fc.integer({min: -2, max: 2000}), fc.boolean(), fc.array(fc.string({unit: 'binary'})), fc.constantFrom<unknown>('30', null, Number.POSITIVE_INFINITY));
		const likely = fc.record({
			preScriptLocation: fc.constantFrom(...locations.slice(0, 2)), postScriptLocation: fc.constantFrom(...locations.slice(0, 2)), preScriptParams: fc.array(fc.string({unit: 'binary'})),
			timeoutInSeconds: fc.integer({min: 1, max: 1800}), fsFreezeEnabled: fc.boolean(), preScriptNoOfRetries: fc.nat(2000),
		}, {requiredKeys: []});
		const answers = fc.oneof(fc.jsonValue(), likely, fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), value, {maxKeys: 6}));
		let applied = 0;
		await fc.assert(fc.asyncProperty(answers, async given => {
			const planned = await plan({configuration, answers: given});
			for (const {key, message, expected} of planned.problems) assert.ok(typeof key === 'string' && message.endsWith('.') || /[?!:]$/.test(message), `${message} / ${expected}`);
			const before = existsSync(configuration) ? readFileSync(configuration) : null;
			if (!planned.valid) {
				await refused(applyPlan(planned), /./);
				assert.deepEqual(existsSync(configuration) ? readFileSync(configuration) : null, before);
				return;
			}

			applied++;
			assert.deepEqual(validateAnswers(given), []);
			await applyPlan(planned);
			const written = JSON.parse(readFileSync(configuration, 'utf8')) as Record<string, unknown>;
			for (const [key, wish] of Object.entries(given as object)) assert.deepEqual(written[key], wish);
			assert.deepEqual(validateAnswers(written), []);
			// Azure accepts what was written, whatever it was.
			assert.deepEqual(planned.verdict.errors, []);
			assert.equal((await plan({configuration, answers: given})).changed, false);
			for (const name of readdirSync(join(directory, 'azure')).filter(name => name.includes('.json.'))) rmSync(join(directory, 'azure', name));
		}), {numRuns: 100});
		assert.ok(applied > 5, `only ${applied} were applied`);
	});
});
