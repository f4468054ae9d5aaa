import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../../activities';
import type { SagaOptions, SagaStatus } from '../../../src/temporal-contract';
import { createSagaKit } from '../../../workflows/saga/testing';
import { recordHistory } from './histories';
import type { FakeSagaActivities } from './saga-activities';
import { silenceTemporal, testServer } from './time-skipping-server';
import { workflowBundle } from './workflow-bundle';

type SagaWorkflow<Input, Result> = (input: Input, options: SagaOptions) => Promise<Result>;

export interface SagaUnderTest<Input, Result> {
  readonly workflow: SagaWorkflow<Input, Result>;
  readonly newInput: () => Input;
}

const options: SagaOptions = { compensation_max_interval_ms: 1_000 };

/** The test kit with the product's workflows, for one of its sagas. */
export async function createSagaEnvironment<Input extends { readonly saga_id: string }, Result>({
  workflow,
  newInput,
}: SagaUnderTest<Input, Result>) {
  silenceTemporal();
  const kit = await createSagaKit({ workflowBundle: await workflowBundle(), server: testServer() });
  type Handle = WorkflowHandle<SagaWorkflow<Input, Result>>;
  return {
    ...kit,
    /**
     * Runs one saga, as long as the story takes. With `RECORD_HISTORIES=1` it leaves its history under the story's
     * name, for the replay test.
     */
    tell(name: string | undefined, fakes: FakeSagaActivities, story: (saga: Handle) => Promise<void>): Promise<void> {
      const input = newInput();
      return kit.run<SagaWorkflow<Input, Result>, Activities>(
        { workflow, workflowId: input.saga_id, args: [input, options], fakes },
        async (saga) => {
          await story(saga);
          if (name !== undefined && process.env.RECORD_HISTORIES) await recordHistory(name, saga);
        },
      );
    },
  };
}

export type SagaEnvironment<Input extends { readonly saga_id: string }, Result> = Awaited<
  ReturnType<typeof createSagaEnvironment<Input, Result>>
>;

/** Of the lines of {@link everyStepFails}, those that are a path of their own. */
export const recordedAs = (saga: string, title: string): string | undefined =>
  /is refused$|time is over$|an outage$/.test(title) ? `${saga}-${title.replace(/\W+/g, '-')}` : undefined;

export const stepStates = ({ steps }: SagaStatus): string[] => steps.map(({ name, state }) => `${name} ${state}`);
