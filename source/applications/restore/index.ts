import {postgresql} from './postgresql.js';
import type {Restorer} from './restorer.js';

/** The applications that verify can bring up. */
export const restorers: readonly Restorer[] = [postgresql];
