/** Stands in for React's developer tools in the bundle: Ink imports them only in development, which a root tool never runs in. */
export default {
	initialize(): void {},
	connectToDevTools(): void {},
};
