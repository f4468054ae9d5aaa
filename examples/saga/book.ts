import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import type { tripSaga } from './trip-saga';

/** `node book.js <traveller>`: books one trip per traveller; safe to repeat. */
async function main(traveller: string): Promise<void> {
  const connection = await Connection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? 'localhost:7233' });
  const saga_id = `trip-${traveller}`;
  const trip = { saga_id, correlation_id: saga_id, traveller, nights: 2 };
  try {
    const saga = await new Client({ connection }).workflow.start<typeof tripSaga>('tripSaga', {
      taskQueue: 'trips',
      workflowId: saga_id,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [trip],
    });
    console.log(JSON.stringify(await saga.result()));
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    console.log(error.cause?.message);
  } finally {
    await connection.close();
  }
}

void main(process.argv[2] ?? 'ada');
