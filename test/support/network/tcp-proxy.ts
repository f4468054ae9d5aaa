import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Cuts every connection and refuses new ones. */
  cut(): void;
  /** Lets connections through again. */
  restore(): void;
  /** Keeps connections, but lets nothing more through them, nor through new ones. */
  stall(): void;
  /** Lets nothing more through the connections that are open now, and says nothing; new ones work. */
  strand(): void;
  close(): Promise<void>;
}

/** A way to the target that a test can break. Loopback only. */
export async function createTcpProxy(target: { host: string; port: number }, port = 0): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const stranded = new WeakSet<Socket>();
  let refuses = false;
  let stalls = false;

  const server = createServer((client) => {
    if (refuses) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (data) => {
        if (!stalls && !stranded.has(socket)) other.write(data);
      });
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  const cutAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      refuses = true;
      cutAll();
    },
    restore() {
      refuses = false;
      stalls = false;
    },
    stall() {
      stalls = true;
    },
    strand() {
      for (const socket of sockets) stranded.add(socket);
    },
    async close() {
      cutAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
