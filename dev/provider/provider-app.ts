import { Hono } from 'hono';
import { type AccountEntry, createAccount } from './account';
import { createAccountRoutes } from './account-routes';
import { type BookingEntry, createBookings } from './bookings';
import { createCarrierRoutes } from './carrier-routes';
import type { Journal } from './journal';
import { Refused } from './refused';

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
