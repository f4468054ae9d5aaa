import {
  CancellationScope,
  defineQuery,
  log,
  metricMeter,
  patched,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type OperatorDecision,
  type SagaCancellation,
  type SagaFailure,
  type SagaRecords,
  type SagaState,
  type SagaStatus,
  type SagaStepStatus,
  searchAttributes,
  type StepResolution,
  type StepState,
} from '../../src/temporal-contract';
import { describe } from './step';

/** The query that returns a saga's {@link SagaStatus}. */
export const status = defineQuery<SagaStatus>('status');

/** Sagas of earlier versions record that they are stuck, but not which of their steps are. */
const RECORDS_STUCK_STEPS = 'records-stuck-steps';

/** The ids of a saga. */
export interface SagaSubject {
  readonly saga_id: string;
  readonly correlation_id: string;
  /** Added to the log lines of a saga that belongs to an order. */
  readonly order_id?: string;
}

/** Retried without end, so that a record may be late but is never lost. */
const { recordSagaOutcome, recordStepDecision } = proxyActivities<SagaRecords>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', maximumInterval: '5s' },
  summary: 'record how the saga goes',
});

/** Keeps and reports where a saga stands. */
export interface SagaStatusReporter {
  /** Sets a step's state. */
  mark(step: string, state: StepState): void;
  /** The first attempt failed; the saga retries the step. */
  retrying(step: string, error: unknown): void;
  /** The step continues with its fallback; its status keeps the reason. */
  fellBack(step: string, error: unknown): void;
  hasFallenBack(step: string): boolean;
  /** The saga is completed. Resolves when all records are in Postgres. */
  completed(): Promise<void>;
  /** The saga compensates because of its first failure, and then executes its follow-ups. */
  fail(failure: SagaFailure, followUps: readonly string[]): void;
  /** A round of attempts failed. Raises the alarm; the next attempt is in `retryMs`. */
  stuck(step: string, error: unknown, attempts: number, retryMs: number): void;
  /** A request cancelled the saga. */
  cancelled(cancellation: SagaCancellation): void;
  /** An operator decided about a stuck step. */
  decided(resolution: StepResolution, decision: OperatorDecision): void;
  /** A stuck step goes on in this state. */
  resolved(step: string, state: StepState): void;
  /** The saga is compensated. Resolves when all records are in Postgres. */
  compensated(): Promise<void>;
}

/**
 * Reports a saga's state to the query `status`, the search attributes and the Web UI. Records failures in Postgres, in
 * order and in the background.
 */
export function createSagaStatusReporter(subject: SagaSubject, names: readonly string[]): SagaStatusReporter {
  const steps = names.map(pending);
  const id = { saga_id: subject.saga_id, correlation_id: subject.correlation_id };
  const stuck = new Set<string>();
  const everStuck = new Set<string>();
  const fallenBack = new Set<string>();
  let state: SagaState = 'running';
  let failure: SagaFailure | null = null;
  let recorded = Promise.resolve();
  let records = 0;
  let current = names[0] ?? '';

  const about = {
    ...id,
    ...(subject.order_id !== undefined && { order_id: subject.order_id }),
    saga_type: workflowInfo().workflowType.replace(/Saga$/, ''),
  };
  log.info('saga.started', about);

  setHandler(status, () => ({ state, steps, failure }), { description: 'The state of the saga and of its steps' });

  /** The attempts of a compensation start at zero. */
  function update(name: string, { attempts = 0, ...change }: Partial<SagaStepStatus>): void {
    const step = steps.find((candidate) => candidate.name === name);
    if (!step) return;
    const before = change.state === 'undoing' ? 0 : step.attempts;
    const ended = change.state === 'done' || change.state === 'failed' || change.state === 'undone' ? 1 : 0;
    if (change.state) delete step.next_attempt_at;
    Object.assign(step, change, { attempts: before + attempts + ended });
    show();
  }

  function show(): void {
    setCurrentDetails([`**${state}**`, '', ...steps.map(line), ...(failure ? ['', failure.detail] : [])].join('\n'));
  }

  /** Each call writes on the server, so it is made only where the saga waits or ends. */
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
    report();
  }

  /** No-op for a completed saga: its last step records the completion. */
  function report(): void {
    if (state === 'completed') return;
    const troubled = steps.filter((step) => step.state === 'failed' || everStuck.has(step.name));
    const outcome = { ...id, state, failure, sequence: ++records, steps: troubled.map((step) => ({ ...step })) };
    recorded = recorded.then(() => recordSagaOutcome(outcome));
  }

  /** Records a step that changed, also when the saga's state stays as it is. */
  function enterOrReport(next: SagaState): void {
    if (next !== state) enter(next);
    else if (patched(RECORDS_STUCK_STEPS)) report();
  }

  return {
    mark(name, next) {
      current = name;
      update(name, next === 'done' && !fallenBack.has(name) ? { state: next, error: null } : { state: next });
    },
    retrying(name, error) {
      update(name, { error: describe(error), attempts: 1 });
      index();
    },
    fellBack(name, error) {
      fallenBack.add(name);
      update(name, { error: `fell back: ${describe(error)}` });
      index();
    },
    hasFallenBack: (name) => fallenBack.has(name),
    async completed() {
      enter('completed');
      await recorded;
      log.info('saga.completed', about);
    },
    fail(first, followUps) {
      failure = first;
      steps.push(...followUps.map(pending));
      update(first.failed_step, { state: 'failed', error: first.detail });
      enter('compensating');
    },
    stuck(name, error, attempts, retryMs) {
      const next_attempt_at = new Date(Date.now() + retryMs).toISOString();
      update(name, { error: describe(error), attempts, next_attempt_at });
      stuck.add(name);
      everStuck.add(name);
      log.error('saga.stuck', { ...about, step: name, error: describe(error) });
      raiseAlarm(name);
      enterOrReport('stuck');
    },
    cancelled({ actor, reason }) {
      log.info('saga.cancelled', { ...about, actor, reason });
    },
    decided(resolution, decision) {
      const { step, actor, reason } = decision;
      log.info('saga.operator_decided', { ...about, step, resolution, actor, reason });
      const report = { ...id, ...decision, verdict: resolution, sequence: ++records };
      // An update handler runs in the workflow's scope: cancelling the workflow must not lose the decision.
      recorded = recorded.then(() => CancellationScope.nonCancellable(() => recordStepDecision(report)));
    },
    resolved(name, next) {
      stuck.delete(name);
      update(name, { state: next });
      if (state !== 'stuck') return;
      enterOrReport(stuck.size > 0 ? 'stuck' : failure ? 'compensating' : 'running');
    },
    async compensated() {
      enter('compensated');
      await recorded;
      log.info('saga.compensated', { ...about, failed_step: failure?.failed_step, code: failure?.code });
    },
  };
}

/** Counts in `paysaga_saga_stuck_total` on the worker's `/metrics`. */
function raiseAlarm(step: string): void {
  const alarms = metricMeter.createCounter('paysaga_saga_stuck', undefined, 'Alarms of stuck sagas');
  alarms.add(1, { saga_type: workflowInfo().workflowType, step });
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

const pending = (name: string): Mutable<SagaStepStatus> => ({
  name,
  state: 'pending',
  attempts: 0,
  error: null,
});

const line = ({ name, state, error }: SagaStepStatus, index: number): string =>
  `${index + 1}. ${name.replaceAll('_', ' ')}: ${state}${error ? ` (${error})` : ''}`;
