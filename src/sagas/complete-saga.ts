import type { UnitOfWork } from '../mediator/unit-of-work';
import { sagaTable } from './begin-saga';

export interface SagaCompletion {
  readonly saga_id: string;
  /** What the saga's workflow answers. JSON. */
  readonly result: Readonly<Record<string, string>>;
  readonly now: string;
}

/** The saga has ended well: told in the transaction of its last step, so that both are true or neither. */
export function completeSaga(uow: UnitOfWork, { saga_id, result, now }: SagaCompletion): void {
  uow.update(sagaTable, { saga_id, state: 'completed', result, ended_at: now });
}
