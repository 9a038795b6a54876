import {lookAtMachine} from '../../source/operations/look-at-machine.js';

// Inside a sandbox: tells what the set-up would see there.
const [configuration = '', ...mounts] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await lookAtMachine({configuration, mounts})));
