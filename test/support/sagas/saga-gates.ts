import { Client } from 'pg';
import { sessionConfig } from '../../../src/platform/database/session';
import { query } from '../../../testing/checker/snapshot.sql';

/**
 * `customer/saga/key`: one transaction of a customer's saga, by its idempotency key. So `…/order/charge`
 * records a charge, `…/order/ask/charge` was before it, and `…/order/undo/charge` records its refund.
 */
export type Gate = `${string}/${string}/${string}`;

export interface SagaGates {
  /** Holds each transaction that comes to one of them: it has written everything, and not yet committed. */
  close(gates: readonly Gate[]): Promise<void>;
  /** At which of the closed ones, in their order, an open transaction of the worker waits now. */
  waiting(): Promise<Gate[]>;
  /** Which of the closed ones a committed transaction has passed. */
  passed(): Promise<Gate[]>;
  /**
   * Ends the sessions that wait: of a client that died, Postgres would otherwise learn after the commit.
   */
  abort(): Promise<void>;
  /** Lets everybody go on. */
  open(): Promise<void>;
  end(): Promise<void>;
}

/** Of the key of a report, which names its run. */
function withoutRun(key: string): string {
  return `regexp_replace(${key}, '/[0-9a-f-]{36}$', '')`;
}

/** The transaction stores its idempotency key. The trigger fires at its commit, before it takes effect. */
const INSTALL = `
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended(concat_ws('/', customer_id, type, ${withoutRun('NEW.key')}), 0))
  FROM saga WHERE saga_id = NEW.scope;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER saga_gate AFTER INSERT ON idempotency_key DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION wait_at_gate()`;

const CLOSE = 'SELECT pg_advisory_lock(hashtextextended(gate, 0)) FROM unnest($1::text[]) AS gate';

const WAITING = `
SELECT gate, pid FROM unnest($1::text[]) AS gate
JOIN pg_locks ON (classid::bigint << 32) | objid::bigint = hashtextextended(gate, 0)
JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND NOT granted AND application_name = 'paysaga-worker'`;

const ABORT = `SELECT pg_terminate_backend(pid, 5000) FROM (${WAITING}) AS waiting`;

const PASSED = `
SELECT gate FROM unnest($1::text[]) AS gate WHERE EXISTS (
  SELECT FROM idempotency_key JOIN saga ON saga_id = scope WHERE concat_ws('/', customer_id, type, ${withoutRun('key')}) = gate)`;

/** Gates in a test's own database, held by a session of the test. */
export async function installSagaGates(databaseUrl: string): Promise<SagaGates> {
  const holder = new Client(sessionConfig({ url: databaseUrl, applicationName: 'paysaga-test-look' }));
  await holder.connect();
  await holder.query(INSTALL);
  let closed: readonly Gate[] = [];
  const select = async (sql: string): Promise<Gate[]> => {
    const rows = await query<{ gate: Gate }>(databaseUrl, sql, [closed]);
    return closed.filter((closed) => rows.some(({ gate }) => gate === closed));
  };

  return {
    async close(gates) {
      closed = gates;
      await holder.query(CLOSE, [gates]);
    },
    waiting: () => select(WAITING),
    passed: () => select(PASSED),
    abort: async () => void (await holder.query(ABORT, [closed])),
    open: async () => void (await holder.query('SELECT pg_advisory_unlock_all()')),
    end: () => holder.end(),
  };
}
