import type { SagaInputs, SagaType } from '../contract';
import { defineTable } from '../platform/database/table';
import type { PendingWrites } from '../mediator/unit-of-work';

export const sagaTable = defineTable('saga', 'saga_id');

/**
 * Writes the saga's row, in the transaction of the command that begins it: that makes it unique for ever. After the
 * commit whoever sent the command starts it, or the sweeper.
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
