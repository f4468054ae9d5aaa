import { type PendingPhase, type Progress, toSagaResponse } from '../../../src/sagas/view';
import type { SagaStatus, StepState } from '../../../src/temporal-contract';

const at = new Date('2026-11-27T02:30:00.000Z');
const NEXT = '2999-01-01T00:05:00.000Z';
const LATER = '2999-01-01T00:10:00.000Z';

interface Row {
  readonly state: StepState;
  readonly attempts: number;
  readonly error?: string;
  readonly next_attempt_at?: Date;
}

/** What is shown of the step `credit_balance` of a payment saga. */
function shown(row: Row | undefined, status?: SagaStatus['steps'][number], pending: readonly PendingPhase[] = []) {
  const step = { error: null, next_attempt_at: null, started_at: at, ended_at: at, name: 'credit_balance', ...row };
  const saga = { saga_id: 'payment-1', type: 'payment', state: 'stuck', created_at: at, started_at: at };
  const known: Progress = {
    ...(status && { status: { state: 'stuck' as const, steps: [status], failure: null } }),
    pending,
  };
  const rows = { ...saga, start_error: null, steps: row ? [step] : [] };
  return toSagaResponse(rows as unknown as Parameters<typeof toSagaResponse>[0], () => null, known).steps[1];
}

const name = 'credit_balance';
const stuckRow: Row = { state: 'undoing', attempts: 8, error: 'away', next_attempt_at: new Date(NEXT) };
const stuckStatus = { name, state: 'undoing', attempts: 8, error: 'away', next_attempt_at: NEXT } as const;
const pending: PendingPhase = { name, state: 'undoing', attempts: 2, error: 'still away', retryAt: new Date(LATER) };

it('shows a stuck step from its row alone as with the workflow’s status', () => {
  expect(shown(stuckRow)).toMatchObject({ state: 'undoing', phase: 'compensate', attempts: 8, ended_at: null });
  expect(shown(stuckRow)?.stuck).toEqual({
    next_attempt_at: NEXT,
    command: 'paysaga sagas retry payment-1 credit_balance --reason "…"',
  });
  expect(shown(stuckRow, stuckStatus)).toEqual(shown(stuckRow));
});

it('adds the pending attempts to those of row or workflow, with the server’s next attempt', () => {
  const expected = { attempts: 10, error: 'still away', stuck: { next_attempt_at: LATER } };
  expect(shown(stuckRow, undefined, [pending])).toMatchObject(expected);
  expect(shown(stuckRow, stuckStatus, [pending])).toMatchObject(expected);
});

it('has no next attempt while an attempt runs, or after the recorded time', () => {
  expect(shown(stuckRow, stuckStatus, [{ ...pending, retryAt: null }])?.stuck?.next_attempt_at).toBeNull();
  expect(shown({ ...stuckRow, next_attempt_at: at })?.stuck?.next_attempt_at).toBeNull();
});

it('counts the attempts of a compensation from zero', () => {
  const done: Row = { state: 'done', attempts: 3 };
  expect(shown(done, undefined, [pending])).toMatchObject({ state: 'undoing', attempts: 2, stuck: null });
});

it.each<[string, Row, SagaStatus['steps'][number], PendingPhase[], object]>([
  [
    'done, though its activity has not reported it',
    { state: 'done', attempts: 2 },
    { name, state: 'running', attempts: 1, error: 'x' },
    [{ ...pending, state: 'running' }],
    { state: 'done', attempts: 2 },
  ],
  [
    'undone, though the workflow does not know it yet',
    { state: 'undone', attempts: 9, error: 'away' },
    stuckStatus,
    [pending],
    { state: 'undone', attempts: 9, error: 'away', stuck: null },
  ],
  [
    'undone, though the row was read before',
    stuckRow,
    { name, state: 'undone', attempts: 9, error: 'away' },
    [],
    { state: 'undone', attempts: 9, stuck: null },
  ],
  [
    'failed, though its compensation had nothing to undo',
    { state: 'failed', attempts: 1, error: 'refused' },
    { name, state: 'undone', attempts: 1, error: 'refused' },
    [],
    { state: 'failed', attempts: 1, error: 'refused' },
  ],
])('shows a step as %s', (_title, row, status, pending, expected) => {
  expect(shown(row, status, pending)).toMatchObject(expected);
});
