import { connect, type Socket } from 'node:net';

/** One keep-alive connection of HTTP/1.1 that carries one request at a time. */
export interface HttpConnection {
  /** @param request head and body as they go over the wire. @returns the status and the body */
  send(request: string): Promise<{ readonly status: number; readonly body: string }>;
  close(): void;
}

/**
 * Written on the socket, because `node:http`'s client takes longer for a request than an empty server: it
 * would be what is measured. Understands answers with a `Content-Length`, and no others.
 */
export async function connectHttp(port: number, host = '127.0.0.1'): Promise<HttpConnection> {
  const socket = await open(port, host);
  let received = '';
  let waiting: { resolve: (answer: { status: number; body: string }) => void; reject: (error: Error) => void };

  // Our own answers are ASCII: a character is a byte.
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
    const headEnds = received.indexOf('\r\n\r\n');
    if (headEnds === -1) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
    if (length === undefined) return waiting.reject(new Error(`No Content-Length in ${received}`));
    const bodyBegins = headEnds + 4;
    if (received.length < bodyBegins + Number(length)) return;
    const answer = { status: Number(received.slice(9, 12)), body: received.slice(bodyBegins) };
    received = '';
    waiting.resolve(answer);
  });
  const fail = (error: Error): void => waiting?.reject(error);
  socket.on('error', fail).on('close', () => fail(new Error('The server closed the connection.')));

  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request, 'latin1');
      }),
    close: () => void socket.destroy(),
  };
}

function open(port: number, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}
