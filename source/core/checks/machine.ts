import {outcomeWords} from '../verdict-words.js';
import {check} from './check.js';
import type {ProcessName} from './facts.js';
import {finding, type Finding} from './finding.js';
import {count, list} from './words.js';

function processes(names: readonly ProcessName[]): string {
	return list(names.map(({name, pid}) => `${name} (${pid})`), 5);
}

/** What else on the machine decides over the night. */
export const machineChecks = [
	check({
		id: 'nothing-frozen',
		title: 'nothing is frozen now',
		needs: ['machine'],
		conclude({machine: {leftFrozen, stalled}}) {
			const found: Finding[] = [];
			if (leftFrozen.length > 0) {
				found.push(finding({
					id: 'frozen-by-quiesce',
					severity: 'error',
					title: `A cycle that ended badly may have left ${list(leftFrozen, 3)} frozen`,
					detail: 'Whatever writes there hangs, and Azure cannot freeze it: the next backup fails (error 121).',
					remedy: 'Thaw it, and end that cycle: quiesce thaw',
					source: 'filesystems',
				}));
			} else if (stalled.length > 0) {
				found.push(finding({
					id: 'frozen-by-somebody',
					severity: 'warning',
					title: `${count(stalled.length, 'process waits', 'processes wait')} for a frozen filesystem`,
					detail: `${processes(stalled)}. Either a backup is running at this moment, or somebody froze a filesystem and did not thaw it; Azure could not freeze that one (error 121).`,
					remedy: 'Check again in a minute. If it stays so, find the filesystem that they write to, and: quiesce thaw DIR',
					source: 'filesystems',
				}));
			}

			return found;
		},
	}),
	check({
		id: 'extension-installed',
		title: "Azure's backup extension is installed",
		needs: ['machine'],
		conclude: ({machine}) => machine.extensionDirectory !== null ? [] : [finding({
			id: 'extension-not-installed',
			severity: 'info',
			title: "Azure's backup extension is not installed",
			detail: 'It comes with the first backup of the VM. Until then the verdict supposes the plugin host configuration that it ships with.',
			remedy: 'Nothing needs to be done, once the VM is protected by a Recovery Services vault.',
			source: 'extension',
		})],
	}),
	check({
		id: 'lock-free',
		title: 'no other backup is running',
		needs: ['machine'],
		conclude({machine: {lock}}) {
			if (lock.state === 'absent') return [];
			if (lock.state === 'held') {
				return [finding({
					id: 'lock-held',
					severity: 'info',
					title: 'A backup or a cycle is running now',
					detail: `${lock.holder === null ? 'A process' : `${lock.holder.name} (${lock.holder.pid})`} holds the lock for freezing.`,
					remedy: 'Wait for its end; to look on: quiesce watch',
					note: lock.path,
					path: lock.path,
					source: 'extension',
				})];
			}

			return [finding({
				id: 'lock-stale',
				severity: 'info',
				title: 'A lock file of an earlier backup is still there',
				detail: 'Nobody holds it, so it is in nobody\'s way: it is the lock on the file that counts, not the file.',
				remedy: 'Nothing needs to be done.',
				note: lock.path,
				path: lock.path,
				source: 'extension',
			})];
		},
	}),
	check({
		id: 'no-access-gate',
		title: 'no program gates file accesses during the freeze',
		needs: ['machine'],
		applies: facts => facts.check.settings.fsFreezeEnabled,
		conclude: ({machine: {fanotify}}) => fanotify.length === 0 ? [] : [finding({
			id: 'fanotify-gate',
			severity: 'warning',
			title: `${list([...new Set(fanotify.map(({name}) => name))], 3)} must allow every file access`,
			detail: `${processes(fanotify)} answers for other programs' file accesses (fanotify). If it writes to a filesystem that is already frozen, it answers nobody any more, and the freeze of the next one can hang until the VM is reset.`,
			remedy: 'Keep what it writes (logs, databases) off the frozen filesystems, exclude the backup in its rules, or rehearse with: quiesce cycle',
			source: 'machine',
		})],
	}),
	check({
		id: 'no-other-agents',
		title: 'no other backup agent freezes as well',
		needs: ['machine'],
		conclude({machine: {agents}}) {
			const freezing = agents.filter(({freezes, running}) => freezes && running);
			const others = agents.filter(agent => !freezing.includes(agent));
			const found: Finding[] = [];
			if (freezing.length > 0) {
				found.push(finding({
					id: 'agents-freezing',
					severity: 'warning',
					title: `${list(freezing.map(({name}) => name), 3)} freezes filesystems as well`,
					detail: `Seen by ${list(freezing.map(({evidence}) => evidence), 3)}. Two tools that freeze at the same time disturb each other: the second one fails, and its clean-up thaws the first one's filesystems in the midst of its snapshot.`,
					remedy: 'Let them run at different times.',
					source: 'machine',
				}));
			}

			if (others.length > 0) {
				found.push(finding({
					id: 'agents-present',
					severity: 'info',
					title: `Another backup agent is here: ${list(others.map(({name}) => name), 3)}`,
					detail: `Seen by ${list(others.map(({evidence}) => evidence), 3)}. Only together with Azure's backup, at the same time, would it matter.`,
					remedy: 'Let them run at different times.',
					source: 'machine',
				}));
			}

			return found;
		},
	}),
	check({
		id: 'last-backup',
		title: "Azure's last backup was application-consistent",
		needs: ['logged'],
		conclude({logged: {at, verdict, running}}) {
			if (running || verdict.outcome === 'application-consistent') return [];
			const [error] = verdict.errors;
			return [finding({
				id: 'last-backup-less',
				severity: 'warning',
				title: `Azure's last backup ${verdict.outcome === 'failed' ? 'failed' : `was only ${outcomeWords[verdict.outcome]}`}`,
				detail: `At ${at}${error === undefined ? '' : `, because of ${verdict.errors.map(({name, code}) => code === null ? name : `${name} (${code})`).join(', ')}`}. If you have changed something since, the verdict above counts, not this.`,
				remedy: error === undefined ? 'Look at it: quiesce watch --once' : `See what it means: quiesce explain ${error.name}`,
				note: at,
				source: 'extension',
			})];
		},
	}),
];
