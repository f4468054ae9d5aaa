import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Hono } from 'hono';
import { type AccountEntry, createAccount, createAccountRoutes } from './account';
import { Refused } from './behaviour';
import { type BookingEntry, createBookings, createCarrierRoutes } from './carrier';

/** What happened, in order, on disk before any answer. Outlives a SIGKILL, though not a power cut (no fsync). */
export interface Journal<Entry> {
  /** What was there when it was opened. */
  readonly past: readonly Entry[];
  append(entry: Entry): void;
  close(): void;
}

/** One JSON object per line. A last line that a kill tore is cut off: it was never answered. */
export function openJournal<Entry>(file: string): Journal<Entry> {
  mkdirSync(dirname(file), { recursive: true });
  const content = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const whole = content.slice(0, content.lastIndexOf('\n') + 1);
  if (whole.length < content.length) truncateSync(file, Buffer.byteLength(whole));
  const descriptor = openSync(file, 'a', 0o600);
  return {
    past: whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Entry),
    append: (entry) => void writeSync(descriptor, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(descriptor),
  };
}

/** A line of the journal: whose, and what happened. */
export type ProviderEntry =
  | { readonly party: 'test' | 'standby'; readonly entry: AccountEntry }
  | { readonly party: 'carrier'; readonly entry: BookingEntry };

/**
 * The parties outside of the local stack: a payment provider with two accounts, at `/` and `/standby`, and a
 * carrier at `/carrier`. What they did is in the journal before they answer.
 */
export function createProviderApp(journal: Journal<ProviderEntry>): Hono {
  const account = (party: 'test' | 'standby') =>
    createAccount(
      journal.past.flatMap((line) => (line.party === party ? [line.entry] : [])),
      (entry) => journal.append({ party, entry }),
    );
  const bookings = createBookings(
    journal.past.flatMap((line) => (line.party === 'carrier' ? [line.entry] : [])),
    (entry) => journal.append({ party: 'carrier', entry }),
  );

  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof Refused) return c.json({ code: error.code }, error.status);
    process.stderr.write(`${error.stack ?? error.message}\n`);
    return c.json({ code: 'internal_error' }, 500);
  });
  app.get('/health', (c) => c.json({ status: 'healthy' }));
  app.route('/standby', createAccountRoutes(account('standby')));
  app.route('/carrier', createCarrierRoutes(bookings));
  app.route('/', createAccountRoutes(account('test')));
  return app;
}
