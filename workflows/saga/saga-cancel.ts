import { ApplicationFailure, CancelledFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import type { SagaCancellation } from '../../src/contract';

/** The update that cancels a saga before its pivot and compensates its steps. */
export const cancel = defineUpdate<void, [SagaCancellation]>('cancel');

/** The cancellation of one saga. */
export interface SagaCancelling {
  /** Refuses new cancellations from now on. An accepted cancellation stays accepted. */
  close(): void;
  /** The failure of the cancelled saga, with the reason of the request if there was a request. */
  failure(): CancelledFailure;
}

/**
 * Registers the update. Call it before the workflow's first await, so that no update is missed. While the saga
 * compensates because of a cancellation, another cancellation is accepted as a no-op.
 *
 * @param stop stops the forward steps; called once
 */
export function awaitCancel(stop: (cancellation: SagaCancellation) => void): SagaCancelling {
  let open = true;
  let accepted: SagaCancellation | undefined;

  setHandler<void, [SagaCancellation], typeof cancel>(
    cancel,
    (cancellation) => {
      if (accepted) return;
      accepted = cancellation;
      stop(cancellation);
    },
    {
      description: 'Cancel the saga before its pivot and compensate its steps',
      validator: () => {
        if (!open && !accepted) throw notCancellable();
      },
    },
  );

  return {
    close() {
      open = false;
    },
    failure: () => new CancelledFailure(accepted ? `Cancelled: ${accepted.reason}` : 'The workflow was cancelled.'),
  };
}

const notCancellable = (): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'saga_not_cancellable',
    message: 'The saga has reached its pivot, or already compensates for another reason.',
    nonRetryable: true,
    category: 'BENIGN',
  });
