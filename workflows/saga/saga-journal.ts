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
  type SagaFailure,
  type SagaCancellation,
  type SagaRecords,
  type SagaState,
  type SagaStatus,
  type SagaStepStatus,
  searchAttributes,
  type StepState,
  type StepVerdict,
} from '../../src/contract';
import { describe } from './saga-failure';

export const status = defineQuery<SagaStatus>('status');

/** Earlier versions record that a saga is stuck, but not which of its steps are. */
const RECORDS_STUCK_STEPS = 'records-stuck-steps';

/** What a saga is about. */
export interface SagaSubject {
  readonly saga_id: string;
  readonly correlation_id: string;
  /** In its log lines, where the saga is about an order. */
  readonly order_id?: string;
}

/** Recording retries without end: what happened is never lost, only told late. */
const { recordSagaOutcome, recordStepDecision } = proxyActivities<SagaRecords>({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '200ms', maximumInterval: '5s' },
  summary: 'record how the saga goes',
});

export interface SagaJournal {
  mark(step: string, state: StepState): void;
  /** The first attempt failed: the saga stays at this step for a while. */
  retrying(step: string, error: unknown): void;
  /** Its fallback is tried from here on; its status keeps the reason. */
  fellBack(step: string, error: unknown): void;
  hasFallenBack(step: string): boolean;
  /** Resolves when Postgres knows what happened on the way. */
  completed(): Promise<void>;
  /** The first failure; the saga compensates from here on, and then does its remedies. */
  fail(failure: SagaFailure, remedies: readonly string[]): void;
  /** A round of attempts failed: raises the alarm. The next attempt is `retryMs` from now. */
  stuck(step: string, error: unknown, attempts: number, retryMs: number): void;
  /** The saga is cancelled by request. */
  cancelled(cancellation: SagaCancellation): void;
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

  setHandler(status, () => ({ state, steps, failure }), { description: 'Where the saga and its steps stand' });

  /** A compensation counts its attempts anew. */
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
    fail(first, remedies) {
      failure = first;
      steps.push(...remedies.map(pending));
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
    decided(verdict, decision) {
      const { step, actor, reason } = decision;
      log.info('saga.operator_decided', { ...about, step, verdict, actor, reason });
      const told = { ...id, ...decision, verdict, sequence: ++records };
      // Updates are handled in the workflow's own scope: Temporal's cancellation of it must not lose what was decided.
      recorded = recorded.then(() => CancellationScope.nonCancellable(() => recordStepDecision(told)));
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

/** On the worker's `/metrics`: `paysaga_saga_stuck_total`. */
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
