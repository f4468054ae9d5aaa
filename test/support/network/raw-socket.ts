import { connect, type Socket } from 'node:net';

export interface RawSocket {
  readonly socket: Socket;
  /** All that arrived, once the connection is closed; a broken connection is closed, too. */
  readonly ended: Promise<string>;
  /** The next part that arrives. */
  data(): Promise<void>;
  /** What has arrived so far. */
  told(): string;
}

/** Opens a connection on loopback for bytes that no HTTP client would send. @throws Error when it is refused */
export async function openSocket(port: number): Promise<RawSocket> {
  const socket: Socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = new Promise<string>((resolve) => socket.on('error', () => undefined).on('close', () => resolve(text)));
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return {
    socket,
    ended,
    data: () => new Promise<void>((resolve) => socket.once('data', () => resolve())),
    told: () => text,
  };
}
