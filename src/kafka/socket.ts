import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import RequestQueue from 'kafkajs/src/network/requestQueue';

/** Connects as kafkajs does by itself, which does not export its factory. */
export const plainSocketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect);
  socket.setKeepAlive(true, 60_000);
  return socket;
};

/** How long an answer may take to begin. */
export interface Patience {
  /** The longest silence of a connection that owes an answer. */
  readonly silentAfterMs: number;
  /** The same while a group is joined: the broker answers when all members have joined. */
  readonly joinAfterMs?: number;
}

const WATCH_MS = 500;
/** Kafka's numbers of the requests that wait for the members of a group: JoinGroup and SyncGroup. */
const JOINS: ReadonlySet<number> = new Set([11, 14]);

/**
 * Wraps a socket factory so that a socket breaks when a request has had no answer for too long. kafkajs gives up the
 * request after its time-out, but keeps the connection. A connection whose other end is gone without a close, behind a
 * firewall or on a lost machine, would then cost a minute. The other silent sockets to that broker break too, because
 * kafkajs has two.
 */
export function breakWhenSilent(create: ISocketFactory, patience: Patience): ISocketFactory {
  const watched = new Set<Watched>();
  return (options) => {
    const socket: Socket = create(options);
    const broker = `${options.host}:${options.port}`;
    const { requestSent, received, head } = createAnswers();
    const self: Watched = { broker, socket, silentTicks: 0 };
    watched.add(self);

    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = ((data: Buffer, ...rest: unknown[]) => {
      if (head() === undefined) self.silentTicks = 0;
      requestSent(data);
      return write(data, ...rest);
    }) as Socket['write'];
    socket.on('data', (data: Buffer) => {
      self.silentTicks = 0;
      received(data);
    });

    // Not the socket's own time-out, because kafkajs treats that of an idle connection as an error. Ticks are counted, so
    // that a process that was stopped for a while reads what has arrived before the next tick.
    const watch = setInterval(() => {
      self.silentTicks += 1;
      const request = head();
      if (request === undefined) return;
      const { silentAfterMs, joinAfterMs = silentAfterMs } = patience;
      const afterMs = JOINS.has(request) ? joinAfterMs : silentAfterMs;
      if (self.silentTicks * WATCH_MS <= afterMs) return;
      for (const other of watched) {
        // Each has its own clock, so they may be a tick apart.
        if (other.broker !== broker || other.silentTicks < self.silentTicks - 1) continue;
        other.socket.destroy(new Error(`No answer within ${afterMs} ms.`));
      }
    }, WATCH_MS).unref();
    socket.once('close', () => {
      clearInterval(watch);
      watched.delete(self);
    });
    return socket;
  };
}

interface Watched {
  readonly broker: string;
  readonly socket: Socket;
  /** Since the last byte, or since the request that is owed an answer. */
  silentTicks: number;
}

/**
 * Follows the requests of one connection and their answers, which have the same order. Each begins with its length in
 * four bytes; a request's number follows.
 */
function createAnswers() {
  const requests: number[] = [];
  let length = Buffer.alloc(0);
  let missing = 0;

  return {
    /** The number of the oldest request without its whole answer. */
    head: (): number | undefined => requests[0],
    /** kafkajs writes each request as a whole. */
    requestSent(data: Buffer): void {
      requests.push(data.length >= 6 ? data.readInt16BE(4) : -1);
    },
    received(data: Buffer): void {
      let rest = data;
      while (rest.length > 0) {
        if (missing > 0) {
          const taken = Math.min(missing, rest.length);
          missing -= taken;
          rest = rest.subarray(taken);
        } else {
          const taken = 4 - length.length;
          length = Buffer.concat([length, rest.subarray(0, taken)]);
          rest = rest.subarray(taken);
          if (length.length < 4) return;
          missing = length.readInt32BE(0);
          length = Buffer.alloc(0);
        }
        if (missing === 0) requests.shift();
      }
    },
  };
}

let mended = false;

/**
 * Patches kafkajs's request queues, of all connections:
 *
 * - A queue sets no timer when nothing waits. kafkajs sets one of minus fifty years after each answer, which Node runs
 *   after a millisecond, again and again; Node 24 also warns of it. A queue with waiting requests, or a throttled one,
 *   sets its timer as before.
 * - A queue reports that it is empty also when its connection broke with requests in it. An earlier `disconnect` waits
 *   for that, and would wait without end.
 */
export function mendRequestQueues(): void {
  if (mended) return;
  mended = true;
  const { prototype } = RequestQueue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleWhenThereIsSomething() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
  const rejectAll = prototype.rejectAll;
  prototype.rejectAll = function rejectAllAndSaySo(error) {
    rejectAll.call(this, error);
    this.emit('requestQueueEmpty');
  };
}
