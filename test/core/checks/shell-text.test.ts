import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {suite, test} from 'node:test';
import {loudLine} from '../../../source/core/checks/loudness.js';
import {findFeatures, mayEndBefore, shellFeatures, shellLines} from '../../../source/core/checks/shell-text.js';
import {whyNoProgram} from '../../support/skip.js';

/** Lines that use a feature of bash, and one that only looks like it. */
const examples: Readonly<Record<string, {readonly uses: readonly string[]; readonly not: readonly string[]}>> = {
	'[[ … ]]': {uses: ['[[ -f x ]] && y', 'if [[ a == b ]]; then', 'x; [[ a ]]'], not: ['[ -f x ]', 'echo "[[ x ]]"', 'grep [[:alpha:]] x']},
	'== in [ … ]': {uses: ['[ "$a" == b ] && c', 'if [ $a == b ]; then'], not: ['[ "$a" = b ]', 'echo "a == b"']},
	source: {uses: ['source /etc/x', 'if source x; then'], not: ['. /etc/x', 'echo source x', 'data_source x']},
	'set -o pipefail': {uses: ['set -o pipefail', 'set -euo pipefail', 'set -e -o pipefail'], not: ['set -eu', 'echo set -o pipefail']},
	'set -E or -o errtrace': {uses: ['set -E', 'set -eEu', 'set -o errtrace'], not: ['set -e']},
	'${name/old/new}': {uses: ['echo "${a/b/c}"', 'x=${a//b/c}'], not: ['echo "${a#b/c}"', 'echo "${a:-/x}"', 'echo "${a%/*}"']},
	'${name:start}': {uses: ['echo "${a:1}"', 'echo ${a:1:2}', 'echo ${a: -1}'.replace(': -', ':(-')].slice(0, 2), not: ['echo "${a:-1}"', 'echo "${a:=x}"', 'echo "${a:+x}"']},
	'${name^^} or ${name,,}': {uses: ['echo ${a^^}', 'echo "${a,,}"'], not: ['echo "${a}^"']},
	'${!name}': {uses: ['echo "${!a}"'], not: ['echo "$!"', 'echo ${a}!']},
	'${name[…]}': {uses: ['echo "${a[0]}"', 'echo ${a[@]}'], not: ['echo "$a[0]"']},
	'&> or &>>': {uses: ['cmd &> /dev/null', 'cmd &>>x'], not: ['cmd > x 2>&1', 'cmd & >x']},
	'(( … ))': {uses: ['((x++))', 'if ((x > 1)); then'], not: ['x=$((x + 1))', 'echo "((x))"']},
	let: {uses: ['let x=1', 'let i+=1'], not: ['outlet x=1', 'echo let x=1']},
	'declare or typeset': {uses: ['declare -a x', 'typeset x=1'], not: ['echo declare x']},
	shopt: {uses: ['shopt -s nullglob'], not: ['echo shopt x']},
	'pushd or popd': {uses: ['pushd /x', 'popd'], not: ['echo popd']},
	'trap … ERR': {uses: ['trap "x" ERR', 'trap cleanup EXIT ERR'], not: ['trap x EXIT', 'trap "echo ERR" EXIT']},
	'{1..3}': {uses: ['for i in {1..3}; do', 'echo {a..c}'], not: ['echo ${a}..{b}', 'echo "{1..3}"']},
	'name+=value': {uses: ['x+=y', 'a; x+="y"'], not: ['x=$((x+=1))', 'echo x+=y']},
	'printf -v': {uses: ['printf -v x %s y'], not: ['printf "%s -v" x', 'printf %s -v']},
	'mapfile or readarray': {uses: ['mapfile -t x', 'readarray x'], not: ['echo mapfile']},
	'read -a, -p, -t, -d, -n': {uses: ['read -t 1 x', 'read -r -p "y?" x', 'while read -d "" x; do', 'IFS= read -ra x'], not: ['read -r x', 'read x', 'while IFS= read -r line; do']},
};

/** What of it dash has as well. */
const alsoInDash: readonly string[] = ['set -E or -o errtrace', 'set -o pipefail'];

suite('features of bash', () => {
	test('each has examples', () => {
		assert.deepEqual(Object.keys(examples).toSorted(), shellFeatures.map(({name}) => name).toSorted());
	});

	for (const [name, {uses, not}] of Object.entries(examples)) {
		test(`${name} is found where it is used, and nowhere else`, () => {
			const found = (line: string): readonly string[] => findFeatures(shellLines(`${line}\n`)).map(({feature}) => feature.name);
			for (const line of uses.flatMap(line => [line, `\t${line}`])) assert.ok(found(line).includes(name), line);
			for (const line of not) assert.ok(!found(line).includes(name), line);
		});
	}

	const run = (shell: string, probe: string): string => spawnSync(shell, ['-c', `if ${probe}\nthen echo works; else echo fails; fi`], {encoding: 'utf8', input: '', env: {PATH: process.env['PATH'], LC_ALL: 'C'}}).stdout.trim();
	test('each probe works in bash', {skip: whyNoProgram('bash')}, () => {
		for (const {name, probe} of shellFeatures) assert.equal(run('bash', probe), 'works', name);
	});

	test('and fails in dash, but for what dash has learnt', {skip: whyNoProgram('dash')}, () => {
		for (const {name, probe} of shellFeatures) if (!alsoInDash.includes(name)) assert.notEqual(run('dash', probe), 'works', name);
	});
});

suite('lines', () => {
	test('comments, here-documents and quoted text are no commands', () => {
		const text = '#!/bin/sh\n# [[ x ]]\ncat <<EOF\n[[ a ]]\nEOF\ncat <<-\'END\'\n\tpopd\n\tEND\necho "a\n[[ b ]]\nc" # source x\nx\n';
		assert.deepEqual(shellLines(text).map(({number}) => number), [3, 6, 9, 12]);
		assert.deepEqual(findFeatures(shellLines(text)), []);
	});

	test('what is certain stands at the margin, behind no condition and no end', () => {
		const certain = (text: string): boolean | undefined => findFeatures(shellLines(text))[0]?.certain;
		assert.equal(certain('set -o pipefail\n'), true);
		assert.equal(certain('set -e\nset -o pipefail\n'), true);
		assert.equal(certain('x || exit 1\nset -o pipefail\n'), true);
		assert.equal(certain('if x; then\n\tset -o pipefail\nfi\n'), false);
		assert.equal(certain('if x; then\nset -o pipefail\nfi\n'), false);
		assert.equal(certain('f() {\nset -o pipefail\n}\n'), false);
		assert.equal(certain('[ -n "$BASH" ] && set -o pipefail\n'), false);
		assert.equal(certain('(set -o pipefail) 2>/dev/null\n'), false);
		assert.equal(certain('[ -n "$1" ] || exit 0\nset -o pipefail\n'), false);
		assert.equal(certain('x=1; exit 0\nset -o pipefail\n'), false);
	});

	test('nothing is read behind an end of the script', () => {
		assert.deepEqual(shellLines('a\nexit 0\nb\n').map(({text}) => text), ['a', 'exit 0']);
		assert.equal(mayEndBefore('a\nexit 0\nif\n', 3), true);
		assert.equal(mayEndBefore('a\nif x; then exit; fi\nif\n', 3), true);
		assert.equal(mayEndBefore('a\nx || exit 1\nif\n', 3), false);
		assert.equal(mayEndBefore('a\nif\nexit 0\n', 2), false);
		assert.equal(mayEndBefore('exec >>/log 2>&1\nif\n', 2), false);
		assert.equal(mayEndBefore('exec /bin/true\nif\n', 2), true);
	});
});

suite('loudness', () => {
	const loud = ['yes', 'head -c 200000 /dev/zero', 'dd if=/dev/zero bs=1M count=10', 'seq 100000', 'tar cvf /x.tar /data', 'tar -xvf x', 'rsync -av a b', 'mysqldump --all-databases', 'journalctl', 'find / -name x', 'ls -lR /', 'cat /dev/zero', 'set -x\nwhile true; do x; done'];
	const quiet = [
		'head -c 1000 x', 'head -n 5 x', 'dd if=a of=b', 'dd if=/dev/zero bs=1 count=10', 'seq 10', 'tar cf /x.tar /data', 'rsync -a a b', 'mysqldump x >/dump.sql', 'mysqldump x | gzip >y', 'pg_dump -f x db', 'journalctl --flush', 'journalctl -n 20', 'find / -name x -delete',
		'yes | head -1', 'x=$(cat /dev/zero | head -c 1)', 'exec >>/var/log/x 2>&1\nyes', '# yes', 'echo "yes"', 'cat <<EOF\nyes\nEOF', 'ls -l', 'set -x\necho a', 'tar --version', 'echo yes please',
	];
	test('what surely writes much is found', () => {
		for (const text of loud) assert.notEqual(loudLine(`${text}\n`), null, text);
	});

	test('what may write little, or elsewhere, is not', () => {
		for (const text of quiet) assert.equal(loudLine(`${text}\n`), null, text);
	});
});
