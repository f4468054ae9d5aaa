import { runSequenceDiagram, runStateDiagram } from '../../../src/cli/run/run-diagrams';
import { type SagaResponse, toSagaResponse } from '../../../src/sagas/view';
import { sagaSteps, type StepState } from '../../../src/temporal-contract';
import { declaredSagas } from '../../../workflows/declared-sagas';

const outlines = declaredSagas();
const at = new Date('2026-11-27T02:30:00.000Z');
const NEXT = '2999-01-01T00:05:00.000Z';

interface Row {
  readonly state: StepState;
  readonly attempts?: number;
  readonly error?: string;
  readonly next_attempt_at?: Date;
}

/** A saga as it is shown, made of its rows. */
function sagaOf(type: SagaResponse['type'], state: string, rows: Readonly<Record<string, Row>>): SagaResponse {
  const saga = { saga_id: `${type}-1`, type, state, created_at: at, started_at: at, start_error: null };
  const steps = Object.entries(rows).map(([name, { attempts = 1, error = null, next_attempt_at = null, ...row }]) => ({
    ...{ saga_id: saga.saga_id, name, ...row, attempts, error, next_attempt_at, started_at: at, ended_at: at },
  }));
  return toSagaResponse({ ...saga, steps } as unknown as Parameters<typeof toSagaResponse>[0], () => null);
}

const lines = (diagram: string): string[] =>
  diagram
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => / --> |->>|--x|-->>|Note/.test(line));

const completed = sagaOf('payment', 'completed', {
  close_invoice: { state: 'done' },
  credit_balance: { state: 'done', attempts: 3 },
  settle: { state: 'done' },
});

const stuck = sagaOf('payment', 'stuck', {
  close_invoice: { state: 'undone' },
  credit_balance: {
    state: 'undoing',
    attempts: 8,
    error: 'Ledger: away;\nsince #1',
    next_attempt_at: new Date(NEXT),
  },
  settle: { state: 'failed', error: 'The order is cancelled.' },
});

const refunded = sagaOf('shipment', 'compensated', {
  allocate: { state: 'undone' },
  book_carrier: { state: 'failed', error: 'The carrier refuses it.' },
  reverse_credit: { state: 'done' },
  refund_payment: { state: 'done', attempts: 2 },
});

it('the sequence diagram of a completed saga shows its calls with their attempts', () => {
  expect(lines(runSequenceDiagram(completed, outlines.payment))).toEqual([
    'saga->>close_invoice: closeInvoice',
    'close_invoice-->>saga: done',
    'saga->>credit_balance: creditBalance',
    'credit_balance-->>saga: done after 3 attempts',
    'saga->>settle: settlePayment',
    'settle-->>saga: done',
    'Note over saga: completed',
  ]);
});

it('the sequence diagram of a stuck saga shows the failure, the compensations and the next attempt', () => {
  expect(lines(runSequenceDiagram(stuck, outlines.payment)).slice(4)).toEqual([
    'saga->>settle: settlePayment',
    'settle--xsaga: failed, The order is cancelled.',
    'saga->>credit_balance: reverseCredit',
    'Note over credit_balance: stuck, attempts 8, Ledger, away, since ,1, next attempt at 2999-01-01T00.05.00.000Z',
    'saga->>close_invoice: reopenInvoice',
    'close_invoice-->>saga: undone',
    'Note over saga: stuck',
  ]);
});

it('the sequence diagram of a compensated saga ends with its follow-ups, without steps that never started', () => {
  const drawn = lines(runSequenceDiagram(refunded, outlines.shipment));
  expect(drawn).not.toContain(expect.stringContaining('dispatch'));
  expect(drawn.slice(2)).toEqual([
    'saga->>book_carrier: bookCarrier',
    'book_carrier--xsaga: failed, The carrier refuses it.',
    'saga->>allocate: releaseGoods',
    'allocate-->>saga: undone',
    'saga->>reverse_credit: reversePaymentCredit',
    'reverse_credit-->>saga: done',
    'saga->>refund_payment: refundPayment',
    'refund_payment-->>saga: done after 2 attempts',
    'Note over saga: compensated',
  ]);
});

it('the state diagram shows the states of a saga, and where it is stuck', () => {
  expect(lines(runStateDiagram(stuck, outlines.payment))).toEqual([
    '[*] --> close_invoice',
    'close_invoice --> credit_balance: done',
    'credit_balance --> settle: done',
    'settle --> undo_credit_balance: failed, The order is cancelled.',
    expect.stringMatching(/^undo_credit_balance --> undo_credit_balance: stuck, attempts 8, /),
    'undo_credit_balance --> undo_close_invoice: meanwhile',
    'undo_close_invoice --> stuck: undone',
  ]);
  expect(lines(runStateDiagram(completed, outlines.payment)).slice(-2)).toEqual([
    'settle --> completed: done',
    'completed --> [*]',
  ]);
});

it('a saga whose workflow has not started is drawn with its participants alone', () => {
  const pending = toSagaResponse(
    {
      ...{ saga_id: 'order-1', type: 'order', state: 'running', created_at: at, started_at: null },
      ...{ start_error: 'no namespace x', steps: [] },
    } as unknown as Parameters<typeof toSagaResponse>[0],
    () => null,
  );
  const drawn = runSequenceDiagram(pending, outlines.order);
  expect([...drawn.matchAll(/participant (\w+)/g)].map(([, name]) => name)).toEqual(['saga', ...sagaSteps.order]);
  expect(lines(drawn)).toEqual(['Note over saga: pending, no namespace x']);
});
