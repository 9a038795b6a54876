import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, suite, test} from 'node:test';
import type {Plan} from '../../../source/core/config/plan.js';
import {applyPlan, planConfiguration} from '../../../source/operations/configure.js';
import {bundledScripts} from '../../../source/operations/configure/bundled-scripts.js';
import {whyNotRoot} from '../../support/skip.js';

const directories: string[] = [];

function place(preScript: string): {readonly directory: string; readonly configuration: string; readonly answers: {preScriptLocation: string; postScriptLocation: string}} {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-texts-'));
	directories.push(directory);
	writeFileSync(join(directory, 'pre.sh'), preScript, {mode: 0o700});
	writeFileSync(join(directory, 'post.sh'), '#!/bin/sh\nexit 0\n', {mode: 0o700});
	return {directory, configuration: join(directory, 'own.json'), answers: {preScriptLocation: join(directory, 'pre.sh'), postScriptLocation: join(directory, 'post.sh')}};
}

suite('the texts of scripts in a plan', {skip: whyNotRoot()}, () => {
	afterEach(() => {
		for (const directory of directories.splice(0)) rmSync(directory, {recursive: true});
	});

	test('a script that sh cannot read: the configuration is accepted, the backup is not', async () => {
		const {configuration, answers} = place('#!/bin/sh\nif true; then\n');
		const plan = await planConfiguration({configuration, answers});
		assert.equal(plan.verdict.outcome, 'application-consistent');
		assert.match(plan.sentence, /will not be application-consistent: the pre-script will fail/);
		assert.ok(plan.warnings.some(({message}) => /sh cannot read the pre-script/.test(message)), JSON.stringify(plan.warnings));
		assert.equal(plan.valid, true, 'it can be written all the same: the script may be mended later');
	});

	test('also where it is copied: what counts is what is copied', async () => {
		const {directory, configuration, answers} = place('#!/bin/sh\nif true; then\n');
		const to = join(directory, 'copied-pre.sh');
		const plan = await planConfiguration({configuration, answers: {...answers, preScriptLocation: to}, copies: [{from: answers.preScriptLocation, to}]});
		assert.match(plan.sentence, /the pre-script will fail/);
	});

	/** What is said of every configuration but Azure's own is no matter of scripts. */
	const ofScripts = ({warnings}: Plan): readonly string[] => warnings.map(({message}) => message).filter(message => !message.startsWith('Azure does not read'));

	test('nothing is said of good scripts, nor of those that quiesce brings along', async () => {
		const good = place('#!/bin/sh\nexit 0\n');
		const plan = await planConfiguration({configuration: good.configuration, answers: good.answers});
		assert.deepEqual([ofScripts(plan), plan.sentence], [[], 'Tonight\'s backup will be application-consistent.']);
		const {pre, post} = bundledScripts(join(good.directory, 'fresh'));
		const fresh = await planConfiguration({configuration: join(good.directory, 'fresh/own.json'), answers: {preScriptLocation: pre.path, postScriptLocation: post.path}, scripts: [pre, post]});
		assert.deepEqual([fresh.problems, ofScripts(fresh)], [[], []]);
		await applyPlan(fresh);
	});
});
