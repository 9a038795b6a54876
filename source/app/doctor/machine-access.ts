// All that the doctor's screen needs from the machine. Loaded while its first frame is on the screen already.
export {examine} from '../../operations/examine.js';
export {applyMends, planMends} from '../../operations/mend.js';
export {watchFile} from '../../system/change-watch.js';
