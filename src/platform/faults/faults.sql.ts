import type { Queryable } from '../database/queryable';

export type FaultKind = 'error' | 'refuse' | 'crash' | 'delay_ms';

export interface Fault {
  readonly point: string;
  readonly kind: FaultKind;
  readonly times: number;
  readonly delay_ms: number;
}

/** Takes one of the passes the point is armed for, if there is one left; two takers never share one. */
export async function takeFault(database: Queryable, point: string): Promise<Fault | undefined> {
  const [fault] = await database.$queryRawUnsafe<Fault[]>(
    `UPDATE fault SET times = times - 1 WHERE point = $1 AND times > 0 RETURNING point, kind, times, delay_ms`,
    point,
  );
  return fault;
}

export async function armFault(database: Queryable, fault: Fault): Promise<void> {
  await database.$executeRawUnsafe(
    `INSERT INTO fault (point, kind, times, delay_ms) VALUES ($1, $2, $3, $4)
     ON CONFLICT (point) DO UPDATE SET kind = excluded.kind, times = excluded.times, delay_ms = excluded.delay_ms`,
    fault.point,
    fault.kind,
    fault.times,
    fault.delay_ms,
  );
}

export async function disarmFaults(database: Queryable): Promise<void> {
  await database.$executeRawUnsafe(`DELETE FROM fault`);
}
