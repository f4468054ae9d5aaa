import { NativeConnection, Worker } from '@temporalio/worker';
import { createAgency } from './agency';
import { createTripActivities } from './trip-activities';

/** An agency with one room: the second traveller gets a letter instead. */
async function main(): Promise<void> {
  const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? 'localhost:7233' });
  const worker = await Worker.create({
    connection,
    taskQueue: 'trips',
    workflowsPath: require.resolve('./trip-saga'),
    activities: createTripActivities(createAgency({ rooms: 1 })),
  });
  await worker.run();
  await connection.close();
}

void main();
