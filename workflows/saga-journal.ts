import {
  defineQuery,
  log,
  metricMeter,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import {
  type OperatorDecision,
  type SagaFailure,
  type SagaState,
  type SagaStatus,
  type SagaStepStatus,
  searchAttributes,
  type StepState,
  type StepVerdict,
} from '../src/contract';
import { describe } from './saga-failure';

export const status = defineQuery<SagaStatus>('status');

/** What a saga is about. */
export interface SagaSubject {
  readonly saga_id: string;
  readonly payment_id: string;
  readonly correlation_id: string;
}

/** Recording retries without end: what happened is never lost, only told late. */
const { recordSagaOutcome, recordStepDecision } = proxyActivities<Activities>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', maximumInterval: '5s' },
  summary: 'record how the saga goes',
});

export interface SagaJournal {
  mark(step: string, state: StepState): void;
  /** The first attempt failed: the saga stays at this step for a while. */
  retrying(step: string, error: unknown): void;
  /** Resolves when Postgres knows what happened on the way. */
  completed(): Promise<void>;
  /** The first failure; the saga compensates from here on. */
  fail(failure: SagaFailure): void;
  /** A round of attempts failed: raises the alarm. */
  stuck(step: string, error: unknown, attempts: number): void;
  /** An operator's decision about a stuck step. */
  decided(verdict: StepVerdict, decision: OperatorDecision): void;
  resolved(step: string, state: StepState): void;
  /** Resolves when Postgres knows. */
  compensated(): Promise<void>;
}

/**
 * Tells where a saga stands: to the query `status`, the search attributes and the Web UI at once, and
 * its failing path to Postgres, in order and without holding the saga up.
 */
export function createSagaJournal(subject: SagaSubject, names: readonly string[]): SagaJournal {
  const steps = names.map((name) => ({
    name,
    state: 'pending' as StepState,
    attempts: 0,
    error: null as string | null,
  }));
  const stuck = new Set<string>();
  let state: SagaState = 'running';
  let failure: SagaFailure | null = null;
  let recorded = Promise.resolve();
  let records = 0;
  let current = names[0] ?? '';

  setHandler(status, () => ({ state, steps, failure }), { description: 'Where the saga and its steps stand' });

  /** A compensation counts its attempts anew. */
  function update(name: string, { attempts = 0, ...change }: Partial<SagaStepStatus>): void {
    const step = steps.find((candidate) => candidate.name === name);
    if (!step) return;
    const before = change.state === 'undoing' ? 0 : step.attempts;
    const ended = change.state === 'done' || change.state === 'failed' || change.state === 'undone' ? 1 : 0;
    Object.assign(step, change, { attempts: before + attempts + ended });
    show();
  }

  function show(): void {
    setCurrentDetails([`**${state}**`, '', ...steps.map(line), ...(failure ? ['', failure.detail] : [])].join('\n'));
  }

  /** A write of the server each: only where the saga rests or ends. */
  function index(): void {
    upsertSearchAttributes([
      { key: searchAttributes.sagaState, value: state },
      { key: searchAttributes.step, value: current },
    ]);
  }

  function enter(next: SagaState): void {
    if (next === state) return;
    state = next;
    index();
    show();
    // A saga's last step tells of its completion.
    if (next !== 'completed') {
      const outcome = { ...subject, state: next, failure, sequence: ++records };
      recorded = recorded.then(() => recordSagaOutcome(outcome));
    }
  }

  return {
    mark(name, next) {
      current = name;
      update(name, next === 'done' ? { state: next, error: null } : { state: next });
    },
    retrying(name, error) {
      update(name, { error: describe(error), attempts: 1 });
      index();
    },
    async completed() {
      enter('completed');
      await recorded;
    },
    fail(first) {
      failure = first;
      update(first.failed_step, { state: 'failed', error: first.detail });
      enter('compensating');
    },
    stuck(name, error, attempts) {
      update(name, { error: describe(error), attempts });
      stuck.add(name);
      log.error('saga.stuck', { saga_id: subject.saga_id, step: name, error: describe(error) });
      metricMeter.createCounter('paysaga_saga_stuck', undefined, 'Alarms of stuck sagas').add(1, { step: name });
      enter('stuck');
    },
    decided(verdict, decision) {
      const told = { ...subject, ...decision, verdict, sequence: ++records };
      recorded = recorded.then(() => recordStepDecision(told));
    },
    resolved(name, next) {
      stuck.delete(name);
      update(name, { state: next });
      if (stuck.size === 0 && state === 'stuck') enter(failure ? 'compensating' : 'running');
    },
    async compensated() {
      enter('compensated');
      await recorded;
    },
  };
}

const line = ({ name, state, error }: SagaStepStatus, index: number): string =>
  `${index + 1}. ${name.replaceAll('_', ' ')}: ${state}${error ? ` (${error})` : ''}`;
