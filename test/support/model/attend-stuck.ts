import type { StepResolution } from '../../../src/temporal-contract';
import { eventually, must } from '../../../testing/eventually';
import type { SagaResponse } from '../../../testing/shop';
import type { E2eStack } from '../e2e-stack';

/** Nothing that is counted depends on it: an operator tells the carrier by telephone. */
const SKIPPABLE = 'book_carrier';
const reason = 'the operator has looked at it';

/**
 * What an operator does who looks at the list of stuck sagas: has their steps tried again, or skips those that may be.
 * @returns how many sagas have not ended
 */
export async function attendStuck({ operator }: E2eStack, resolution: StepResolution): Promise<number> {
  const list = async (state: SagaResponse['state']): Promise<SagaResponse[]> => {
    const { status, body } = await operator.call<{ data: SagaResponse[] }>('GET', `/sagas?state=${state}&limit=200`);
    must(status === 200, `the list of ${state} sagas is answered ${status}`);
    return body.data;
  };
  const moving = [...(await list('running')), ...(await list('compensating'))];
  const stuck = await list('stuck');
  for (const { saga_id } of stuck) {
    const { steps } = (await operator.call<SagaResponse>('GET', `/sagas/${saga_id}`)).body;
    for (const { name } of steps.filter(({ state }) => state === 'undoing' || state === 'running')) {
      const act = name === SKIPPABLE ? resolution : 'retry';
      // Refused is what is being tried just now, or is done.
      await operator.call('POST', `/sagas/${saga_id}/steps/${name}/${act}`, { json: { reason } });
    }
  }
  return moving.length + stuck.length;
}

/** Waits until every saga has ended, once all faults have. */
export const untilEnded = (stack: E2eStack, deadlineMs: number): Promise<void> =>
  eventually(
    async () => {
      const left = await attendStuck(stack, 'retry');
      must(left === 0, `${left} sagas have not ended`);
    },
    { deadlineMs, everyMs: 200 },
  );
