import type { FaultKind, FaultPoint } from '../src/platform/faults';
import type { ApiClient } from './api-client';
import { must } from './eventually';

interface Fault {
  readonly point: FaultPoint;
  readonly kind: FaultKind;
  readonly times: number;
  readonly delay_ms?: number;
  readonly probability?: number;
}

async function arm(operator: ApiClient, fault: Fault): Promise<void> {
  const { status, text } = await operator.call('PUT', '/dev/faults', { json: fault });
  must(status === 204, `PUT /dev/faults answered ${status} ${text}`);
}

/** Arms a fault point with an operator's key. `times` and `probability` default to 1: the next pass is hit. */
export const armFault = (
  operator: ApiClient,
  point: FaultPoint,
  kind: FaultKind,
  times = 1,
  probability = 1,
): Promise<void> => arm(operator, { point, kind, times, probability });

/** Delays the next passes of a point by `delay_ms` milliseconds, in any process. `times` defaults to 1. */
export const armDelay = (operator: ApiClient, point: FaultPoint, delay_ms: number, times = 1): Promise<void> =>
  arm(operator, { point, kind: 'delay_ms', times, delay_ms });

/** Disarms all fault points. */
export async function disarmFaults(operator: ApiClient): Promise<void> {
  const { status, text } = await operator.call('DELETE', '/dev/faults');
  must(status === 204, `DELETE /dev/faults answered ${status} ${text}`);
}
