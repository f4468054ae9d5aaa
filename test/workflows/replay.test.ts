import { Worker } from '@temporalio/worker';
import { recordedHistories } from '../support/sagas/histories';
import { silenceTemporal } from '../support/sagas/time-skipping-server';
import { workflowBundle } from '../support/sagas/workflow-bundle';

/**
 * A history that no longer replays is a saga that a deploy strands: keep the old path with `patched`,
 * and record the new one beside it (`RECORD_HISTORIES=1 npm test -- test/workflows/payment-saga`).
 */
it('replays every recorded history', async () => {
  silenceTemporal();
  const histories = recordedHistories();
  const results = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, histories);
  const replayed: string[] = [];
  for await (const { workflowId, error } of results) {
    expect([workflowId, error]).toEqual([workflowId, undefined]);
    replayed.push(workflowId);
  }
  expect(replayed).toHaveLength(histories.length);
  expect(replayed).toContain('completed');
});
