/** Answers whether a text has all the words that are looked for, in any order, whatever their case. No words: every text has them. */
export function wordFilter(wanted: string): (text: string) => boolean {
	const words = wanted.toLowerCase().split(/\s+/).filter(word => word !== '');
	return text => {
		if (words.length === 0) return true;
		const hay = text.toLowerCase();
		return words.every(word => hay.includes(word));
	};
}
