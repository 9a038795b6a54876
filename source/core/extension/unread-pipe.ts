/** A pipe has so many pages, and a write of less than a page takes the room behind the last one only where it fits there whole. */
const pages = 16;
const pageBytes = 4096;

/**
 * A pipe that nobody reads, as Linux fills it (fs/pipe.c): 64 KiB at most, and less of pieces that leave room in its pages. The extension gives
 * such a pipe to each script for its output.
 */
export class UnreadPipe {
	#used = 0;
	#last = 0;
	#full = false;
	#pending = 0;

	/** True once something was written that did not fit: its writer would wait for a reader, and there is none. */
	get blocks(): boolean {
		return this.#full;
	}

	/**
	 * What one read of a pipe in packets answers: one write, or of a larger one a page. Whole pages may be the beginning of what follows; taken for it
	 * they come to the same as by themselves, unless short writes and whole pages alternate.
	 */
	packet(bytes: number): void {
		if (bytes === pageBytes) {
			this.#pending += bytes;
			if (this.#used + this.#pending / pageBytes > pages) this.#full = true;
		} else {
			this.write(this.#pending + bytes);
			this.#pending = 0;
		}
	}

	/** What one call of write(2) puts into it. */
	write(bytes: number): void {
		let left = bytes;
		const rest = left % pageBytes;
		if (rest > 0 && this.#used > 0 && this.#last + rest <= pageBytes) {
			this.#last += rest;
			left -= rest;
		}

		while (left > 0 && !this.#full) {
			if (this.#used === pages) {
				this.#full = true;
				return;
			}

			this.#last = Math.min(left, pageBytes);
			this.#used++;
			left -= this.#last;
		}
	}
}
