import type { SagaCancellation } from '../contract';
import type { Logger } from '../platform/telemetry/logger';
import { reasonOf, type TemporalClient } from '../platform/temporal/temporal';

/**
 * Notifies a saga that its order was cancelled, so that it stops early. Every step checks the order's row anyway. Never
 * throws. No-op for a saga that has ended or does not exist.
 */
export type CancelSaga = (sagaId: string, cancellation: SagaCancellation) => Promise<void>;

const DEADLINE_MS = 500;

/** Creates a {@link CancelSaga} with a deadline of 500 ms. */
export function createCancelSaga({ temporal, logger }: { temporal: TemporalClient; logger: Logger }): CancelSaga {
  return async function cancelSaga(sagaId, cancellation) {
    try {
      await temporal.within(DEADLINE_MS, () =>
        temporal.client.workflow.getHandle(sagaId).executeUpdate<void, [SagaCancellation]>('cancel', {
          args: [cancellation],
        }),
      );
    } catch (error) {
      logger.debug({ saga_id: sagaId, reason: reasonOf(error) }, 'saga.cancellation_not_delivered');
    }
  };
}
