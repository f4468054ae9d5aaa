import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { createFakeActivities, createSagaKit, type FakeActivities } from '../../../../workflows/saga/testing';
import { silenceTemporal, testServer } from '../time-skipping-server';
import { type ProbeActivities, type ProbeInput, probeSaga, type shortSaga } from './probe-saga';

export type ProbeHandle = WorkflowHandle<typeof probeSaga>;

export const probeInput = (): ProbeInput => ({ saga_id: `probe-${randomUUID()}`, correlation_id: 'req_1' });

export const createProbeFakes = (): FakeActivities<ProbeActivities> =>
  createFakeActivities<ProbeActivities>({
    reserve: undefined,
    release: undefined,
    charge: undefined,
    chargeElsewhere: undefined,
    refund: undefined,
    decide: undefined,
    wasDecided: false,
    deliver: undefined,
    deliverElsewhere: undefined,
    apologise: undefined,
    tell: undefined,
  });

/** The test kit with the probe sagas. */
export async function createProbeKit() {
  silenceTemporal();
  const kit = await createSagaKit({ workflowsPath: require.resolve('./probe-saga'), server: testServer() });
  return {
    ...kit,
    probe(
      fakes: FakeActivities<ProbeActivities>,
      story: (saga: ProbeHandle) => Promise<void>,
      workflow: typeof probeSaga | typeof shortSaga = probeSaga,
    ): Promise<void> {
      const input = probeInput();
      return kit.run({ workflow, workflowId: input.saga_id, args: [input], fakes }, story);
    },
  };
}

export type ProbeKit = Awaited<ReturnType<typeof createProbeKit>>;
