import {once} from 'node:events';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';

export type WebServer = {
	/** `http://127.0.0.1:PORT` */
	readonly address: string;
	readonly end: () => Promise<void>;
};

/** A web server on loopback. */
export async function serve(answer: RequestListener): Promise<WebServer> {
	const server = createServer(answer);
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		end: async () => {
			const closed = once(server, 'close');
			server.close();
			server.closeAllConnections();
			await closed;
		},
	};
}
