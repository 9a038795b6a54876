import {resolve} from 'node:path';
import type {CycleWarning} from '../../core/cycle-events.js';
import {settledCycleLines} from '../../core/settlement-words.js';
import {configuredPath} from '../../system/azure-files.js';
import {openPlaces} from '../../system/inspection.js';
import type {Attempts} from './attempts.js';
import type {Preparation} from './preparation.js';

/** What is unsafe, or not as the administrator may think, and does not keep the cycle from running: the extension does not refuse it either. */
export function warningsBefore({check, scripts, plan, order, facts, resumed}: Preparation): readonly CycleWarning[] {
	const warnings: CycleWarning[] = resumed.map(cycle => ({event: 'warning', id: 'earlier-cycle', message: settledCycleLines(cycle).map(line => line.trim()).join(' ')}));
	if (check.errors.length === 0 && check.settings.pre === null) {
		warnings.push({event: 'warning', id: 'no-scripts', message: 'No script will run: the plugin host file says that there are none (numberOfPlugins).', remedy: 'Remove /etc/azure/VMSnapshotPluginHost.conf, or set numberOfPlugins to 1 in it.'});
	}

	for (const [role, {command}] of Object.entries(scripts ?? {})) {
		const path = resolve(command.directory, command.path);
		for (const place of openPlaces(path)) {
			warnings.push({
				event: 'warning', id: `${role}-script-open`,
				message: `Others than root can put another file in the place of the ${role}-script: ${place.path} ${place.because === 'owner' ? `belongs to ${place.owner}` : `can be written to by ${place.because === 'group' ? 'its group' : 'everybody'}`}. It would run as root.`,
				remedy: `Move the script to a directory of root's own, for example /etc/azure: ${path}`,
			});
		}
	}

	if (check.workload !== null) {
		warnings.push({event: 'warning', id: 'workload', message: `Azure's extension would not run these scripts: /etc/azure/workload.conf names the workload ${check.workload}, which takes their place.`, remedy: 'Remove workload_name from /etc/azure/workload.conf where the scripts are meant.'});
	}

	for (const {mount, reason} of order.mounts.length === 0 ? [] : plan.excluded) warnings.push({event: 'warning', id: 'same-filesystem', message: `${mount} is not frozen by itself: ${reason}.`});

	const skipped = plan.excluded.filter(({reason}) => reason.includes('QUIESCE_FREEZE_ONLY'));
	if (order.mounts.length === 0 && skipped.length > 0) {
		warnings.push({event: 'warning', id: 'fence', message: `The fence QUIESCE_FREEZE_ONLY keeps ${skipped.map(({mount}) => mount).join(', ')} from being frozen; Azure would freeze ${skipped.length === 1 ? 'it' : 'them'}.`});
	}

	const read = configuredPath(facts);
	if (facts.configuration.path !== read) {
		warnings.push({event: 'warning', id: 'other-configuration', message: `This is about ${facts.configuration.path}; Azure reads ${read}.`});
	}

	return warnings;
}

/** Where the extension would have made something else of what a script did. */
export function warningsOfScript(phase: 'pre-script' | 'post-script', {first, state, attempts}: Attempts, retries: number): readonly CycleWarning[] {
	const warnings: CycleWarning[] = [];
	const written = Math.max(first?.stdoutBytes ?? 0, first?.stderrBytes ?? 0);
	if (first?.blocks === true) {
		warnings.push({
			event: 'warning', id: `${phase}-loud`,
			message: `The ${phase} wrote ${Math.round(written / 1000).toLocaleString('en')} kB. Azure's extension reads no output: its pipe takes 64 kB, less where it comes in small pieces, and then the script would hang until its time limit.`,
			remedy: `Let it write to a file: exec >>/var/log/${phase}.log 2>&1`,
		});
	}

	if (state === 'succeeded' && attempts > 1) {
		warnings.push({
			event: 'warning', id: `${phase}-retried`,
			message: `The ${phase} succeeded at attempt ${attempts} of ${retries + 1}. Azure's extension does not run a script again: it would have given up after the first.`,
			remedy: 'Let the script itself try again.',
		});
	}

	return warnings;
}
