import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {suite, test} from 'node:test';
import {loudLine} from '../../../source/core/checks/loudness.js';
import {endsBefore, findFeatures, mayEndBefore, shellFeatures, shellLines} from '../../../source/core/checks/shell-text.js';
import {whyNoProgram} from '../../support/skip.js';

/** Lines that use a feature of bash, and one that only looks like it. */
const examples: Readonly<Record<string, {readonly uses: readonly string[]; readonly not: readonly string[]}>> = {
	'[[ … ]]': {uses: ['[[ -f x ]] && y', 'if [[ a == b ]]; then', 'x; [[ a ]]'], not: ['[ -f x ]', 'echo "[[ x ]]"', 'grep [[:alpha:]] x']},
	'== in [ … ]': {uses: ['[ "$a" == b ] && c', 'if [ $a == b ]; then'], not: ['[ "$a" = b ]', 'echo "a == b"', 'echo "[ a == b ]"', '[ $((a == 1)) -eq 1 ]', '[ "$1" = "a==b" ]', 'expr 1 == 1']},
	'[ -v name ]': {uses: ['[ -v x ]', 'if test ! -v x; then'], not: ['[ -n "$x" ]', 'grep -v x', 'echo "[ -v x ]"']},
	source: {uses: ['source /etc/x', 'if source x; then'], not: ['. /etc/x', 'echo source x', 'data_source x']},
	'set -o pipefail': {uses: ['set -o pipefail', 'set -euo pipefail', 'set -e -o pipefail'], not: ['set -eu', 'echo set -o pipefail']},
	'set -E or -o errtrace': {uses: ['set -E', 'set -eEu', 'set -o errtrace'], not: ['set -e']},
	'${name/old/new}': {uses: ['echo "${a/b/c}"', 'x=${a//b/c}'], not: ['echo "${a#b/c}"', 'echo "${a:-/x}"', 'echo "${a%/*}"']},
	'${name:start}': {uses: ['echo "${a:1}"', 'echo ${a:1:2}', 'echo ${a: -1}', 'echo ${a:from:2}', 'echo "${@:2}"'], not: ['echo "${a:-1}"', 'echo "${a:=x}"', 'echo "${a:+x}"', 'echo "${a:?x}"']},
	'${name@Q}': {uses: ['echo ${a@Q}'], not: ['echo ${a}@Q', 'echo "$@"']},
	'${name^^} or ${name,,}': {uses: ['echo ${a^^}', 'echo "${a,,}"'], not: ['echo "${a}^"', "echo '${a^^}'"]},
	'${!name}': {uses: ['echo "${!a}"'], not: ['echo "$!"', 'echo ${a}!']},
	'${name[…]}': {uses: ['echo "${a[0]}"', 'echo ${a[@]}'], not: ['echo "$a[0]"']},
	'&> or &>>': {uses: ['cmd &> /dev/null', 'cmd &>>x'], not: ['cmd > x 2>&1', 'cmd & >x']},
	'(( … ))': {uses: ['((x++))', 'if ((x > 1)); then'], not: ['x=$((x + 1))', 'echo "((x))"', '((true) && true)']},
	let: {uses: ['let x=1', 'let i+=1'], not: ['outlet x=1', 'echo let x=1']},
	'declare or typeset': {uses: ['declare -a x', 'typeset x=1'], not: ['echo declare x']},
	shopt: {uses: ['shopt -s nullglob'], not: ['echo shopt x']},
	'pushd or popd': {uses: ['pushd /x', 'popd'], not: ['echo popd']},
	'trap … ERR': {uses: ['trap "x" ERR', 'trap cleanup EXIT ERR'], not: ['trap x EXIT', 'trap "echo ERR" EXIT']},
	'{1..3}': {uses: ['for i in {1..3}; do', 'echo {a..c}'], not: ['echo ${a}..{b}', 'echo "{1..3}"']},
	'name+=value': {uses: ['x+=y', 'a; x+="y"'], not: ['x=$((x+=1))', 'echo x+=y']},
	'printf -v': {uses: ['printf -v x %s y'], not: ['printf "%s -v" x', 'printf %s -v']},
	'{name}>': {uses: ['exec {lock}>/run/lock', 'exec {in}<x'], not: ['echo ${lock}>x', 'echo {a} >x']},
	"$'…'": {uses: ["IFS=$'\\n'", "printf $'a'"], not: ["echo '$'", 'echo "$"', "grep 'x$' y"]},
	'$EUID or $UID': {uses: ['[ "$EUID" -eq 0 ]', 'echo ${UID}'], not: ["echo '$UID'", 'echo $UIDS', 'UID=1']},
	'local or export with options': {uses: ['local -r x=1', 'export -f f'], not: ['local x=1', 'export x', 'export -p']},
	disown: {uses: ['disown', 'x; disown %1'], not: ['echo disown']},
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

	test('words of here-documents may be anything, and a shift of bits is none', () => {
		for (const word of ['EOF', "'EOF'", '"END OF"', '\\EOF', '!EOF!', 'E-F']) {
			const plain = word.replaceAll(/['"\\]/g, '');
			assert.deepEqual(shellLines(`cat <<${word}\n[[ a ]]\n${plain}\nx\n`).map(({number}) => number), [1, 4], word);
		}
		assert.deepEqual(shellLines('x=$((1 << 3))\ny\n').map(({number}) => number), [1, 2]);
	});

	test('what bash reads is not looked at, where a script gives itself to bash', () => {
		for (const guard of ['[ -n "$BASH_VERSION" ] || exec bash "$0" "$@"', 'if [ -z "$BASH_VERSION" ]; then\n  exec /bin/bash "$0" "$@"\nfi']) {
			assert.deepEqual(findFeatures(shellLines(`${guard}\n[[ a ]]\n`)), []);
			assert.equal(endsBefore(`${guard}\nx=(1)\n`, 4), true);
		}
		assert.notDeepEqual(findFeatures(shellLines('if x; then exec bash "$0"; fi\n[[ a ]]\n')), []);
	});

	test('data behind an end that is sure to be reached is not the shell\'s', () => {
		assert.equal(endsBefore('a\nexit 0\n(((\n', 3), true);
		assert.equal(endsBefore('a\nif x; then exit 0; fi\n(((\n', 3), false);
		assert.equal(endsBefore('a\nif x; then\nexit 0\nfi\n(((\n', 5), false);
		assert.equal(endsBefore('if\nexit 0\n', 1), false);
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
	const loud = ['yes', 'head -c 200000 /dev/zero', 'dd if=/dev/zero bs=1M count=10', 'seq 100000', 'tar cvf /x.tar /data', 'tar -xvf x', 'rsync -av a b', 'mysqldump --all-databases', 'journalctl', 'find / -name x', 'ls -lR /', 'cat /dev/zero', 'set -x\nwhile true; do x; done', 'pg_dumpall', 'f() {\n  tar cvf /x /y\n}\nf', '{\n  tar cvf /x /y\n}', 'exec 2>>/log\ntar cvf /x /y', 'exec >>/log\nset -x\nfor i in 1; do x; done', 'tar cvf /x \\\n  /y'];
	const quiet = [
		'head -c 1000 x', 'head -n 5 x', 'dd if=a of=b', 'dd if=/dev/zero bs=1 count=10', 'seq 10', 'tar cf /x.tar /data', 'rsync -a a b', 'mysqldump x >/dump.sql', 'mysqldump x | gzip >y', 'pg_dump -f x db', 'journalctl --flush', 'journalctl -n 20', 'find / -name x -delete',
		'yes | head -1', 'x=$(cat /dev/zero | head -c 1)', 'exec >>/var/log/x 2>&1\nyes', '# yes', 'echo "yes"', 'cat <<EOF\nyes\nEOF', 'ls -l', 'set -x\necho a', 'tar --version', 'echo yes please', 'exec >>/log\ntar cvf /x /y', 'exec 3>&1 1>>/log 2>&1\nyes', 'exec >>/log 2>&1\nset -x\nfor i in 1; do x; done', 'mysqldump --all \\\n  --x >/dump.sql', 'mysqldump --all |\n  gzip >/x', '{\n  mysqldump x\n} >/dump.sql',
		'(\n  mysqldump x\n) | gzip >/x', 'x=$(\n  mysqldump x\n)', 'dump() {\n  mysqldump x\n}\ndump >/x', 'dump()\n{\n  mysqldump x\n}\nx=$(dump)', 'for i in a; do\n  mysqldump $i\ndone >/x', 'main() {\n  tar cvf /x /y\n}\nexec >>/log 2>&1\nmain',
	];
	test('what surely writes much is found', () => {
		for (const text of loud) assert.notEqual(loudLine(`${text}\n`), null, text);
	});

	test('what may write little, or elsewhere, is not', () => {
		for (const text of quiet) assert.equal(loudLine(`${text}\n`), null, text);
	});
});
