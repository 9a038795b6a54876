/** True where a binary log of this many bytes holds everything up to an offset. */
export function reachesBinlog(bytes: number, offset: number): boolean {
	return bytes >= offset;
}

/**
 * Whether a recovered state holds every transaction of a position; both are lists separated by commas. MariaDB: `domain-server-sequence`. MySQL:
 * `uuid:1-5:7`. Null where either is of another form.
 */
export function reachesGtid(recovered: string, wanted: string): boolean | null {
	const domains = domainsOf(wanted);
	if (domains !== null) {
		const have = recovered.trim() === '' ? new Map<string, bigint>() : domainsOf(recovered);
		return have === null ? null : [...domains].every(([domain, sequence]) => (have.get(domain) ?? -1n) >= sequence);
	}

	const sources = rangesOf(wanted);
	const have = recovered.trim() === '' ? new Map<string, readonly Range[]>() : rangesOf(recovered);
	if (sources === null || have === null) return null;
	return [...sources].every(([source, ranges]) => ranges.every(({from, to}) => (have.get(source) ?? []).some(other => other.from <= from && other.to >= to)));
}

type Range = {readonly from: bigint; readonly to: bigint};

/** The highest sequence number of each domain. */
function domainsOf(text: string): ReadonlyMap<string, bigint> | null {
	const found = new Map<string, bigint>();
	for (const word of text.split(',')) {
		const match = /^\s*(\d+)-\d+-(\d+)\s*$/.exec(word);
		if (match === null) return null;
		const sequence = BigInt(match[2]!);
		if (sequence > (found.get(match[1]!) ?? -1n)) found.set(match[1]!, sequence);
	}

	return found;
}

/** The transactions of each source. */
function rangesOf(text: string): ReadonlyMap<string, readonly Range[]> | null {
	const found = new Map<string, readonly Range[]>();
	for (const word of text.split(',')) {
		const [source = '', ...parts] = word.trim().split(':');
		if (!/^[\da-f-]{36}$/i.test(source) || parts.length === 0) return null;
		const ranges = parts.map(part => /^(\d+)(?:-(\d+))?$/.exec(part));
		if (ranges.some(range => range === null)) return null;
		found.set(source.toLowerCase(), [...found.get(source.toLowerCase()) ?? [], ...ranges.map(range => ({from: BigInt(range![1]!), to: BigInt(range![2] ?? range![1]!)}))]);
	}

	return found;
}
