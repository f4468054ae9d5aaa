import type { SagaInputs, SagaType } from '../contract';
import { defineTable } from '../platform/database/table';
import type { PendingWrites } from '../mediator/unit-of-work';

export const sagaTable = defineTable('saga', 'saga_id');

/**
 * Inserts the saga's row in the transaction of the command that begins it, so a saga id is used only once. After the
 * commit, the sender of the command or the sweeper starts the workflow.
 */
export function beginSaga<Type extends SagaType>(
  uow: Pick<PendingWrites, 'insert'>,
  type: Type,
  input: SagaInputs[Type],
  now: string,
): void {
  const { saga_id, order_id, customer_id, correlation_id } = input;
  const about = { saga_id, type, order_id, customer_id, correlation_id };
  uow.insert(sagaTable, { ...about, state: 'running', input, created_at: now });
}
