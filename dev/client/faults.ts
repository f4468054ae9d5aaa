import type { FaultKind, FaultPoint } from '../../src/platform/faults/faults';
import type { ApiClient } from './api-client';
import { must } from './eventually';

/** Arms a fault point for its next passes (once unless told), with an operator's key. */
export async function armFault(operator: ApiClient, point: FaultPoint, kind: FaultKind, times = 1): Promise<void> {
  const { status, text } = await operator.call('PUT', '/dev/faults', { json: { point, kind, times } });
  must(status === 204, `PUT /dev/faults answered ${status} ${text}`);
}

/** Makes the next passes of the point (one unless told) take that long, in whichever process gets there. */
export async function armDelay(operator: ApiClient, point: FaultPoint, delay_ms: number, times = 1): Promise<void> {
  const { status, text } = await operator.call('PUT', '/dev/faults', {
    json: { point, kind: 'delay_ms', times, delay_ms },
  });
  must(status === 204, `PUT /dev/faults answered ${status} ${text}`);
}

export async function disarmFaults(operator: ApiClient): Promise<void> {
  const { status, text } = await operator.call('DELETE', '/dev/faults');
  must(status === 204, `DELETE /dev/faults answered ${status} ${text}`);
}
