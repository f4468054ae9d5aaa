import { connect, createServer, type AddressInfo } from 'node:net';

export interface LostAnswerProxy {
  readonly port: number;
  /** The next client message with these bytes reaches the server, but its answer never comes back. */
  loseAnswerTo(text: string): void;
  close(): Promise<void>;
}

/** Cuts the connection between a request and its answer: the moment in which an outcome is unknown. */
export async function createLostAnswerProxy(target: { host: string; port: number }): Promise<LostAnswerProxy> {
  let losing: string | undefined;
  const server = createServer((client) => {
    const upstream = connect(target);
    let cut = false;
    client.on('data', (data) => {
      if (losing !== undefined && data.includes(losing)) {
        losing = undefined;
        cut = true;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      // The answer has arrived, so the server has done it; the client never reads it.
      if (cut) client.resetAndDestroy();
      else client.write(data);
    });
    client.on('error', () => undefined).on('close', () => upstream.destroy());
    upstream.on('error', () => undefined).on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswerTo(text) {
      losing = text;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
