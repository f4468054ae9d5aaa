import { setTimeout as delay } from 'node:timers/promises';
import type { Queryable } from './database/statements';
import type { Logger } from './logger';
import { Refusal } from './refusal';

export type FaultKind = 'error' | 'refuse' | 'crash' | 'delay_ms';

export interface Fault {
  readonly point: string;
  readonly kind: FaultKind;
  readonly times: number;
  readonly delay_ms: number;
  /** Above 0, at most 1: how likely each of these passes is hit. */
  readonly probability: number;
}

/** A pass that was counted. */
export interface TakenFault extends Pick<Fault, 'point' | 'kind' | 'delay_ms'> {
  /** False for a pass that the probability spares. */
  readonly hits: boolean;
}

/**
 * Counts one of the passes that the point is armed for, if there is one left; two takers never share one. `random()` is
 * below 1, so that a probability of 1 hits every pass.
 */
export async function takeFault(database: Queryable, point: string): Promise<TakenFault | undefined> {
  const [fault] = await database.$queryRawUnsafe<TakenFault[]>(
    `UPDATE fault SET times = times - 1 WHERE point = $1 AND times > 0
     RETURNING point, kind, delay_ms, random() < probability AS hits`,
    point,
  );
  return fault;
}

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

export async function disarmFaults(database: Queryable): Promise<void> {
  await database.$executeRawUnsafe(`DELETE FROM fault`);
}

/** Each also has `<point>.done`: after its transaction committed, before it reports. */
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

export type ActivityFaultPoint = (typeof activityPoints)[number];
/** A named place where a fault can be made to happen. */
export type FaultPoint = (typeof processPoints)[number] | ActivityFaultPoint | `${ActivityFaultPoint}.done`;

/** Every point there is, for validation. */
export const faultPoints: readonly FaultPoint[] = [
  ...processPoints,
  ...activityPoints,
  ...activityPoints.map((point) => `${point}.done` as const),
];

export interface ArmedFault {
  readonly point: FaultPoint;
  /** `error` is retryable, `refuse` a business refusal, `crash` kills the process at once. */
  readonly kind: FaultKind;
  /** For how many passes, in whichever process gets there. */
  readonly times: number;
  readonly delayMs?: number;
  /** How likely each of these passes is hit: above 0, at most 1. A spared pass counts, too. Defaults to 1. */
  readonly probability?: number;
}

export interface Faults {
  /**
   * Does what the point is armed for, and costs nothing where fault injection is off.
   *
   * @throws Error for the kind `error`
   * @throws Refusal `fault_injected` for the kind `refuse`
   */
  pass(point: FaultPoint): Promise<void>;
  arm(fault: ArmedFault): Promise<void>;
  disarmAll(): Promise<void>;
}

/** For whoever has no faults to inject: every point is passed. */
export const noFaults: Pick<Faults, 'pass'> = { pass: async () => undefined };

export interface FaultsOptions {
  readonly database: Queryable;
  readonly enabled: boolean;
  readonly logger: Logger;
}

/** Faults for development and tests, kept in the table `fault`, so that every process sees them. */
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
      // The signal ends the process between two turns of the event loop: nothing may follow it.
      await new Promise<never>(() => undefined);
      return;
    default:
      return kind satisfies never;
  }
}
