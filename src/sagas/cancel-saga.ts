import type { SagaCancellation } from '../contract';
import type { Logger } from '../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../platform/temporal/temporal';

/**
 * Tells a saga that its order was cancelled, so that it stops what it is doing now. A hint: the order's row is what
 * decides, and every step looks at it. Never throws; a saga that has ended or never was is told nothing.
 */
export type CancelSaga = (sagaId: string, cancellation: SagaCancellation) => Promise<void>;

const DEADLINE_MS = 500;

export function createCancelSaga({ temporal, logger }: { temporal: TemporalClient; logger: Logger }): CancelSaga {
  return async function cancelSaga(sagaId, cancellation) {
    try {
      await temporal.within(DEADLINE_MS, () =>
        temporal.client.workflow.getHandle(sagaId).executeUpdate<void, [SagaCancellation]>('cancel', {
          args: [cancellation],
        }),
      );
    } catch (error) {
      logger.debug({ saga_id: sagaId, reason: reasonOf(error) }, 'saga.not_told_of_cancellation');
    }
  };
}
