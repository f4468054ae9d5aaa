import type { Measurement } from '../measurement';
import { drain, drainRate } from './drain';
import { fillEvents, ROWS } from './fill-outbox';
import { startPlainRelay } from './plain-relay';
import { relayOptions } from './relay-options';
import { connectClient } from '../stack/connect-client';

const HELD_MS = 60_000;

/**
 * Rows per second of the relay after another transaction was held open for a minute of load, so that Postgres
 * could take away none of the rows that were deleted meanwhile. The limit is the same relay before it.
 */
export const relayHeld: Measurement = {
  name: 'relay_held',
  unit: 'rows/s',
  better: 'higher',
  goal: 0.85,
  async prepare(stack) {
    const client = await connectClient(stack);
    const holder = await connectClient(stack);
    await fillEvents(client);
    const options = relayOptions(stack);

    return async function round() {
      await client.query('VACUUM outbox');
      const stop = startPlainRelay(options);
      try {
        const limit = await drainRate(client);
        // A snapshot, as a report or a backup has it, without a lock on our tables.
        await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        await holder.query('SELECT pg_current_xact_id()');
        const began = performance.now();
        let deleted = 0;
        for (; performance.now() - began < HELD_MS; deleted += ROWS) await drain(client, ROWS);
        const ours = await drainRate(client);
        return { ours, limit, parts: { dead_rows: deleted } };
      } finally {
        await holder.query('ROLLBACK');
        await stop();
      }
    };
  },
};
