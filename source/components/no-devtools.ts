/** Stands in for React's developer tools in the bundle: Ink imports them only in development, which a root tool never runs in. */
// oxlint-disable-next-line import/no-default-export -- what Ink imports
export default {
	initialize(): void {},
	connectToDevTools(): void {},
};
