import { v7 } from 'uuid';
import { nowMs } from './clock';

export type IdPrefix =
  'ord' | 'inv' | 'evt' | 'cap' | 'ltx' | 'svc' | 'key' | 'req' | 'opa' | 'rpl' | 'shp' | 'pay' | 'rec';

/** A new opaque id: prefix + UUIDv7 (RFC 9562), so ids of one prefix sort by time of making. */
export const newId = (prefix: IdPrefix): string => `${prefix}_${v7(next()).replaceAll('-', '')}`;

/** Further back than this, the clock was set. */
const SET_BACK_MS = 1_000;

let last = { msecs: 0, seq: 0 };

/** The time, and a number that counts within a millisecond: from a random one on, so that processes differ. */
function next(): { msecs: number; seq: number } {
  const now = nowMs();
  const counts = now <= last.msecs && last.msecs - now < SET_BACK_MS;
  last = counts ? { msecs: last.msecs, seq: last.seq + 1 } : { msecs: now, seq: Math.floor(Math.random() * 2 ** 31) };
  return last;
}
