// All that the wizard needs from the machine. Loaded while its first frame is on the screen already.
export {applications} from '../../applications/index.js';
export {applyPlan, planConfiguration} from '../../operations/configure.js';
export {bundledScripts} from '../../operations/configure/bundled-scripts.js';
export {lookAtMachine} from '../../operations/look-at-machine.js';
export {lookAtPath} from '../../operations/look-at-path.js';
export {loadDraft, removeDraft, saveDraft} from '../../system/draft-store.js';
export {bundledTemplate, downloadTemplate, readTemplateFile, type TemplateAnswer} from '../../system/template-download.js';
export {machineSight} from './machine-sight.js';
export {applicationOffers} from './offers.js';
