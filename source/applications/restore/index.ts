import {mariadb, mysql} from './mariadb.js';
import {postgresql} from './postgresql.js';
import {redis} from './redis.js';
import type {Restorer} from './restorer.js';
import {sqlite} from './sqlite.js';

/** The applications that verify can bring up. */
export const restorers: readonly Restorer[] = [postgresql, mariadb, mysql, redis, sqlite];
