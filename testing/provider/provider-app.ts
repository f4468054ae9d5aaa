import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Hono } from 'hono';
import { type AccountEntry, createAccount, createAccountRoutes } from './account';
import { Refused } from './behaviour';
import { type BookingEntry, createBookings, createCarrierRoutes } from './carrier';

/**
 * A file of entries, each written before the response. It survives a SIGKILL but not a power cut, because it does not
 * use fsync.
 */
export interface Journal<Entry> {
  /** The entries from before it was opened. */
  readonly past: readonly Entry[];
  append(entry: Entry): void;
  close(): void;
}

/**
 * Opens a journal: one JSON object per line. A partial last line of a killed process is removed, because its request
 * had no response.
 */
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

/** An entry of the journal, with the party that it belongs to. */
export type ProviderEntry =
  | { readonly party: 'test' | 'standby'; readonly entry: AccountEntry }
  | { readonly party: 'carrier'; readonly entry: BookingEntry };

/**
 * Creates the external parties of the local stack: a payment provider with two accounts, at `/` and `/standby`, and a
 * carrier at `/carrier`. They write to the journal before they respond.
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
