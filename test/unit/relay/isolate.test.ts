import fc from 'fast-check';
import { isolate } from '../../../src/outbox/publisher';
import type { PendingRow } from '../../../src/outbox/relay.sql';
import { pendingRow } from '../../support/outbox/outbox';

const refusal = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' });
const unreachable = Object.assign(new Error('connect ECONNREFUSED'), { name: 'KafkaJSConnectionError' });
const rowsOf = (aggregates: readonly string[]) =>
  aggregates.map((aggregate_id, index) => pendingRow({ id: String(index), aggregate_id }));
const ids = (rows: readonly PendingRow[]) => rows.map(({ id }) => id);

/** A broker that keeps what it takes, and refuses any batch with one of these rows. */
function broker(refused: ReadonlySet<string>, failsAfter = Infinity) {
  const log: PendingRow[] = [];
  let sends = 0;
  return {
    log,
    send: async (rows: readonly PendingRow[]) => {
      sends += 1;
      if (sends > failsAfter) return { error: unreachable };
      if (rows.some(({ id }) => refused.has(id))) return { error: refusal };
      log.push(...rows);
      return undefined;
    },
  };
}

test('publishes all but the refused row and those behind it', async () => {
  const { send } = broker(new Set(['2']));
  const result = await isolate(rowsOf(['a', 'b', 'a', 'a', 'b']), send);
  expect(ids(result.published)).toEqual(['0', '1', '4']);
  expect(result.failed).toMatchObject([{ row: { id: '2' }, error: refusal }]);
});

test('stops where the broker goes away, and blames no row', async () => {
  const { send } = broker(new Set(['0']), 1);
  const result = await isolate(rowsOf(['a', 'b']), send);
  expect(result).toEqual({
    published: [],
    failed: [expect.objectContaining({ error: refusal })],
    brokerError: unreachable,
  });
});

test('keeps the order of each aggregate, whichever rows are refused and whenever the broker goes away', async () => {
  const aggregates = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
  const property = fc.asyncProperty(
    aggregates,
    fc.uniqueArray(fc.nat(11)),
    fc.nat(20),
    async (names, bad, failsAfter) => {
      const rows = rowsOf(names);
      const refused = new Set(bad.map(String));
      const { log, send } = broker(refused, failsAfter);
      const { published, failed } = await isolate(rows, send);
      expect(published).toEqual(log);
      for (const name of new Set(names)) {
        const own = rows.filter(({ aggregate_id }) => aggregate_id === name);
        const sent = log.filter(({ aggregate_id }) => aggregate_id === name);
        expect(sent).toEqual(own.slice(0, sent.length));
        const blamed = failed.filter(({ row }) => row.aggregate_id === name);
        expect(blamed.length).toBeLessThanOrEqual(1);
        for (const { row } of blamed) expect(row).toBe(own[sent.length]);
      }
    },
  );
  await fc.assert(property);
});
