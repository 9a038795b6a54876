import {firstLine, type Line} from './lines.js';

/** Which part of the list is shown: it moves no more than it must. A finding that is longer than the screen is read by moving on in it. */
export class Part {
	#top = 0;
	#height = 0;
	#pointer = 0;
	/** How far the pointer's finding has been moved up. */
	#moved = 0;
	/** Lines of the pointer's finding that are out of sight. */
	#hidden = {above: 0, below: 0};

	/** Answers the first of the shown lines. */
	show(lines: readonly Line[], pointer: number, height: number): number {
		const first = lines.findIndex(({row}) => row === pointer);
		const end = lines.findLastIndex(({row}) => row === pointer) + 1;
		const latest = Math.max(0, lines.length - height);
		this.#moved = pointer === this.#pointer ? Math.min(this.#moved, Math.max(0, end - first - height)) : 0;
		this.#pointer = pointer;
		this.#top = latest === 0 ? 0 : this.#moved > 0 ? Math.min(first + this.#moved, latest) : firstLine(lines, pointer, height, this.#top);
		this.#height = height;
		this.#hidden = first === -1 ? {above: 0, below: 0} : {above: Math.max(0, this.#top - first), below: Math.max(0, end - this.#top - height)};
		return this.#top;
	}

	/** Moves within the pointer's finding where there is more of it in that direction, a line less than a screen at a time. False: the pointer may go on. */
	move(direction: 'up' | 'down'): boolean {
		const hidden = direction === 'down' ? this.#hidden.below : this.#moved === 0 ? 0 : this.#hidden.above;
		if (hidden === 0) return false;
		const step = Math.min(hidden, Math.max(1, this.#height - 1));
		this.#moved += direction === 'down' ? step : -step;
		return true;
	}
}
