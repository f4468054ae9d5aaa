import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

/** As kafkajs itself connects, which does not export it. */
export const plainSocketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect);
  socket.setKeepAlive(true, 60_000);
  return socket;
};

const WATCH_MS = 500;

/**
 * Sockets that break when what was written stays without any answer for this long. kafkajs gives up a request
 * after its time-out, but keeps the connection and sends on it again: one whose other end vanished without a
 * word (a firewall, a lost machine) would cost a minute.
 */
export const breakWhenSilent =
  (create: ISocketFactory, afterMs: number): ISocketFactory =>
  (options) => {
    const socket: Socket = create(options);
    let answered = 0;
    let owesSince: number | undefined;
    socket.on('data', () => {
      answered = socket.bytesWritten;
      owesSince = undefined;
    });
    // Not the socket's own time-out: kafkajs takes that of an idle connection for an error.
    const watch = setInterval(() => {
      if (socket.bytesWritten === answered) return;
      owesSince ??= performance.now();
      if (performance.now() - owesSince > afterMs) socket.destroy(new Error(`No answer within ${afterMs} ms.`));
    }, WATCH_MS).unref();
    socket.once('close', () => clearInterval(watch));
    return socket;
  };
