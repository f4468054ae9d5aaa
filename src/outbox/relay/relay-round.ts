import type { OutboxConfig } from '../../config';
import type { Database } from '../../platform/database';
import type { CloudEventsMode } from '../../messaging/structured-event';
import type { Faults } from '../../platform/faults';
import type { Logger } from '../../platform/logger';
import { type Batch, composeBatch } from './batch';
import type { EventRegistry } from '../event-registry';
import { requireAll } from './fence';
import type { LaneSender } from './lane-sender';
import { createLowBounds } from './low-bound';
import { createMark } from './mark';
import type { RelayMetrics } from './relay-metrics';
import { claimPending, type Lease, type PendingRow } from './relay.sql';
import { reportRound } from './report-round';
import type { SendResult } from './send-apart';

export interface RelayRoundOptions {
  readonly database: Database;
  readonly registry: EventRegistry;
  readonly config: OutboxConfig;
  /** Binary unless told. */
  readonly cloudEventsMode?: CloudEventsMode;
  readonly logger: Logger;
  readonly faults: Faults;
  readonly metrics: RelayMetrics;
  readonly signal: AbortSignal;
  readonly leases: readonly Lease[];
  /** One for each lane. */
  readonly senders: ReadonlyMap<number, LaneSender>;
}

export interface RoundResult {
  readonly published: number;
  /** A batch was full: there may be more to claim. */
  readonly backlog: boolean;
  readonly brokerError?: unknown;
}

export interface RelayRound {
  /**
   * Claims, sends and marks the next batch of each lane.
   *
   * @throws FencedOff when another relay owns a lane; anything else is the database's, and the next
   *   round begins from what is pending then
   */
  run(): Promise<RoundResult>;
}

export function createRelayRound(options: RelayRoundOptions): RelayRound {
  const { database, registry, config, cloudEventsMode: mode = 'binary' } = options;
  const { logger, faults, metrics, leases, senders } = options;
  const mark = createMark(options);
  const lowBounds = createLowBounds(
    database,
    leases.map(({ lane }) => lane),
  );
  /** Claimed while the batch before was on its way. */
  let ahead: Promise<readonly PendingRow[]> | undefined;

  const claim = async (inFlight: readonly PendingRow[]): Promise<readonly PendingRow[]> => {
    const ids = inFlight.map(({ id }) => id);
    await lowBounds.advance();
    const looking = { limit: config.batchSize, inFlight: ids, lowBounds: lowBounds.current };
    const { owned, rows } = await claimPending(database, leases, looking);
    requireAll(leases, owned);
    return rows;
  };

  const claimAhead = (batches: readonly Batch[]): typeof ahead => {
    const claiming = claim(batches.flatMap(({ rows }) => rows));
    claiming.catch(() => undefined);
    return claiming;
  };

  const send = async (lane: number, batch: Batch): Promise<SendResult> => {
    const sender = senders.get(lane);
    if (!sender) throw new Error(`Lane ${lane} has no sender.`);
    const started = performance.now();
    const result = await sender.send(batch);
    metrics.sent(lane, batch, result, performance.now() - started);
    return result;
  };

  return {
    async run() {
      const started = performance.now();
      const claiming = ahead ?? claim([]);
      ahead = undefined;
      const lanes = composeLanes(await claiming, registry, mode);
      if (lanes.size === 0) return { published: 0, backlog: false };

      await faults.pass('relay.before_send');
      const batches = [...lanes.values()];
      const sending = Promise.all([...lanes].map(([lane, batch]) => send(lane, batch)));
      const backlog = batches.some(({ rows, cut }) => cut || rows.length >= config.batchSize);
      const next = backlog ? claimAhead(batches) : undefined;
      const results = await sending;
      await faults.pass('relay.after_send');
      await mark(results);
      await faults.pass('relay.after_mark');

      // What was claimed ahead may stand behind a row that was not sent: claim again then.
      if (results.every(({ failed, brokerError }) => failed.length === 0 && brokerError === undefined)) ahead = next;
      const durationMs = performance.now() - started;
      metrics.round(durationMs);
      return { ...reportRound({ results, batches, logger, durationMs }), backlog };
    },
  };
}

function composeLanes(rows: readonly PendingRow[], registry: EventRegistry, mode: CloudEventsMode): Map<number, Batch> {
  const lanes = new Map<number, PendingRow[]>();
  for (const row of rows) {
    const lane = lanes.get(row.lane);
    if (lane) lane.push(row);
    else lanes.set(row.lane, [row]);
  }
  return new Map([...lanes].map(([lane, claimed]) => [lane, composeBatch(claimed, registry, { mode })]));
}
