// The doctor with as many findings as its first word says, more than any machine has: the real screen, its session answered by this file.
import type {Finding} from '../../source/core/checks/finding.js';
import {openApp} from '../../source/app/app.js';
import {DoctorSession} from '../../source/app/doctor/session.js';

const findings = Array.from({length: Number(process.argv[2])}, (_, index): Finding => ({
	id: `finding-${index}`, severity: index % 3 === 0 ? 'error' : index % 3 === 1 ? 'warning' : 'info', title: `Finding ${index} of many on this machine`,
	detail: 'The configuration names a file that is not there, so Azure runs neither script. What was found here is told in two lines, as most findings are.',
	remedy: 'Choose another file, or install the bundled pair.', fixable: index % 2 === 0, path: `/etc/azure/script-${index}.sh`, source: 'configuration',
}));
DoctorSession.prototype.check = function check() {
	const verdict = {outcome: 'file-system-consistent', errors: []} as const;
	this.state.set({...this.state.read(), checkedAt: new Date(), examination: {config: '/etc/azure/VMSnapshotScriptPluginConfig.json', verdict, sentence: 'Found many things.', findings, checked: 600, fine: [], files: []}});
};
process.exitCode = await openApp({view: 'doctor'}, {command: 'doctor', mode: 'interactive', flags: {}, operands: []});
