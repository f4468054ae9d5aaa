import type { Queryable } from '../database/queryable';

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
