import { setTimeout as delay } from 'node:timers/promises';
import type { Queryable } from './database/statements';
import type { Logger } from './logger';
import { Refusal } from './refusal';

/** What a fault does at its point; see {@link ArmedFault}. */
export type FaultKind = 'error' | 'refuse' | 'crash' | 'delay_ms';

/** A fault, armed for passes of a point. `delay_ms` counts for the kind `delay_ms` alone. */
export interface Fault {
  readonly point: string;
  readonly kind: FaultKind;
  readonly times: number;
  readonly delay_ms: number;
  /** The probability that a pass is hit: above 0, at most 1. */
  readonly probability: number;
}

/** A pass that was counted. */
export interface TakenFault extends Pick<Fault, 'point' | 'kind' | 'delay_ms'> {
  /** False for a pass that the probability spared. */
  readonly hits: boolean;
}

/**
 * Counts one of the remaining passes of an armed point. Two callers never take the same pass. `random()` is below 1, so
 * a probability of 1 hits every pass.
 */
export async function takeFault(database: Queryable, point: string): Promise<TakenFault | undefined> {
  const [fault] = await database.$queryRawUnsafe<TakenFault[]>(
    `UPDATE fault SET times = times - 1 WHERE point = $1 AND times > 0
     RETURNING point, kind, delay_ms, random() < probability AS hits`,
    point,
  );
  return fault;
}

/** Arms a point. Replaces what the point was armed for before. */
export async function armFault(database: Queryable, fault: Fault): Promise<void> {
  await database.$executeRawUnsafe(
    `INSERT INTO fault (point, kind, times, delay_ms, probability) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (point) DO UPDATE SET kind = excluded.kind, times = excluded.times, delay_ms = excluded.delay_ms,
       probability = excluded.probability`,
    fault.point,
    fault.kind,
    fault.times,
    fault.delay_ms,
    fault.probability,
  );
}

/** Disarms all points. */
export async function disarmFaults(database: Queryable): Promise<void> {
  await database.$executeRawUnsafe(`DELETE FROM fault`);
}

/** The points of activities. Each also has `<point>.done`: after the commit, before the activity returns. */
const activityPoints = [
  'billing.close_invoice',
  'billing.reopen_invoice',
  'ledger.credit_balance',
  'ledger.reverse_credit',
  'payments.settle',
  'payments.charge',
  'payments.refund',
  'inventory.reserve',
  'inventory.release',
  'shipping.allocate',
  'shipping.book',
  'shipping.cancel_booking',
  'shipping.dispatch',
] as const;

const processPoints = [
  'orders.after_commit',
  'payments.after_commit',
  'relay.before_send',
  'relay.after_send',
  'relay.after_mark',
  'consumer.before_effect',
  'consumer.after_commit',
] as const;

/** A fault point of an activity. */
export type ActivityFaultPoint = (typeof activityPoints)[number];
/** A named place where a fault can be injected. */
export type FaultPoint = (typeof processPoints)[number] | ActivityFaultPoint | `${ActivityFaultPoint}.done`;

/** Every fault point. */
export const faultPoints: readonly FaultPoint[] = [
  ...processPoints,
  ...activityPoints,
  ...activityPoints.map((point) => `${point}.done` as const),
];

/** A fault to arm. */
export interface ArmedFault {
  readonly point: FaultPoint;
  /** `error` is retryable, `refuse` is a refusal, `crash` kills the process at once, `delay_ms` waits. */
  readonly kind: FaultKind;
  /** The number of passes, counted over all processes. */
  readonly times: number;
  readonly delayMs?: number;
  /** The probability that a pass is hit: above 0, at most 1. A spared pass counts as well. Defaults to 1. */
  readonly probability?: number;
}

/** Injects faults at named points. */
export interface Faults {
  /**
   * Applies the fault for which the point is armed. Costs nothing where fault injection is off.
   *
   * @throws Error for the kind `error`
   * @throws Refusal `fault_injected` for the kind `refuse`
   */
  pass(point: FaultPoint): Promise<void>;
  arm(fault: ArmedFault): Promise<void>;
  disarmAll(): Promise<void>;
}

/** Injects no faults. */
export const noFaults: Pick<Faults, 'pass'> = { pass: async () => undefined };

/** The options of {@link createFaults}. */
export interface FaultsOptions {
  readonly database: Queryable;
  readonly enabled: boolean;
  readonly logger: Logger;
}

/** Creates faults for development and tests. The table `fault` keeps them, so every process sees them. */
export function createFaults({ database, enabled, logger }: FaultsOptions): Faults {
  return {
    async pass(point) {
      if (!enabled) return;
      const fault = await takeFault(database, point);
      if (fault?.hits) await happen(fault, logger);
    },
    async arm({ point, kind, times, delayMs = 0, probability = 1 }) {
      if (!enabled) throw new Error('Fault injection is off in this process (FAULT_INJECTION).');
      await armFault(database, { point, kind, times, delay_ms: delayMs, probability });
    },
    disarmAll: () => disarmFaults(database),
  };
}

async function happen({ point, kind, delay_ms }: TakenFault, logger: Logger): Promise<void> {
  logger.warn({ point, kind }, 'fault.injected');
  switch (kind) {
    case 'error':
      throw new Error(`Fault injected at ${point}.`);
    case 'refuse':
      throw new Refusal('fault_injected', `A fault was injected at ${point}.`);
    case 'delay_ms':
      await delay(delay_ms);
      return;
    case 'crash':
      process.kill(process.pid, 'SIGKILL');
      // SIGKILL takes effect between two turns of the event loop. No further code may run until then.
      await new Promise<never>(() => undefined);
      return;
    default:
      return kind satisfies never;
  }
}
