import {Cell} from './cell.js';

/** True while an explanation lies over the screen: what is typed then reaches nothing below it. One screen is shown at a time, so one is enough. */
export const covered = new Cell(false);
