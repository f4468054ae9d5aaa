import type { UnitOfWork } from '../mediator/unit-of-work';
import { sagaTable } from './begin-saga';

/** A completed saga. */
export interface SagaCompletion {
  readonly saga_id: string;
  /** The result of the saga's workflow, as JSON. */
  readonly result: Readonly<Record<string, string>>;
  readonly now: string;
}

/** Marks the saga as completed, in the transaction of its last step. */
export function completeSaga(uow: UnitOfWork, { saga_id, result, now }: SagaCompletion): void {
  uow.update(sagaTable, { saga_id, state: 'completed', result, ended_at: now });
}
