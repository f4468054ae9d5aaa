import { ApplicationFailure, CancelledFailure, defineUpdate, setHandler } from '@temporalio/workflow';
import type { SagaCancellation } from '../../src/contract';

/** Stops a saga that has not begun its pivot, and undoes what it did. */
export const cancel = defineUpdate<void, [SagaCancellation]>('cancel');

export interface SagaCancelling {
  /** From here on, a cancellation is refused; one that was accepted before stays accepted. */
  close(): void;
  /** The failure of a saga that was cancelled by request; without one, that of the workflow's own cancellation. */
  failure(): CancelledFailure;
}

/**
 * Registers the update: before the workflow's first await, so that none is missed. A repeat is accepted while the
 * saga is undone because of the first, and does nothing.
 *
 * @param stop stops the way forward; called once
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
      description: 'Stop before the pivot, and undo what was done',
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
    message: 'The saga is past its last moment to be cancelled, or is undone already for another reason.',
    nonRetryable: true,
    category: 'BENIGN',
  });
