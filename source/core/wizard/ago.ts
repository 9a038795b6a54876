/** "just now", "5 min ago", "3 h ago", "2 days ago". Both times ISO 8601. */
export function ago(at: string, now: string): string {
	const minutes = Math.floor((Date.parse(now) - Date.parse(at)) / 60_000);
	if (!(minutes >= 1)) return 'just now';
	if (minutes < 60) return `${minutes} min ago`;
	const hours = Math.floor(minutes / 60);
	if (hours < 48) return `${hours} h ago`;
	return `${Math.floor(hours / 24)} days ago`;
}
