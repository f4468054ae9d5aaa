import { ApplicationFailure } from '@temporalio/activity';
import type { Activities } from '../../activities';

type Name = keyof Activities;
/** What the nth attempt of an activity does before it answers, counted from 1 over the whole saga. */
type Behaviour = (attempt: number) => Promise<void> | void;

export interface FakeActivities {
  readonly activities: Activities;
  /** Every attempt, in order; of `recordSagaOutcome` with the state it told. */
  readonly calls: readonly string[];
  attemptsOf(name: Name): number;
  make(name: Name, behaviour: Behaviour): void;
}

/** The saga's activities without anything behind them: they answer at once, unless told otherwise. */
export function createFakeActivities({ settled = false } = {}): FakeActivities {
  const calls: string[] = [];
  const attempts = new Map<Name, number>();
  const behaviours = new Map<Name, Behaviour>();

  async function attempt<T>(name: Name, answer: T, told: string = name): Promise<T> {
    calls.push(told);
    const count = (attempts.get(name) ?? 0) + 1;
    attempts.set(name, count);
    await behaviours.get(name)?.(count);
    return answer;
  }

  return {
    calls,
    attemptsOf: (name) => attempts.get(name) ?? 0,
    make: (name, behaviour) => void behaviours.set(name, behaviour),
    activities: {
      closeInvoice: () => attempt('closeInvoice', { capture_ref: 'cap_1' }),
      reopenInvoice: () => attempt('reopenInvoice', undefined),
      creditBalance: () => attempt('creditBalance', { balance_tx_id: 'ltx_1' }),
      reverseCredit: () => attempt('reverseCredit', undefined),
      settlePayment: () => attempt('settlePayment', undefined),
      confirmDispatch: () => attempt('confirmDispatch', settled),
      reserveInventory: () => attempt('reserveInventory', undefined),
      releaseInventory: () => attempt('releaseInventory', undefined),
      charge: () => attempt('charge', { charge_ref: 'ch_1' }),
      chargeElsewhere: () => attempt('chargeElsewhere', { charge_ref: 'ch_2' }),
      refundCharge: () => attempt('refundCharge', undefined),
      allocateGoods: () => attempt('allocateGoods', undefined),
      releaseGoods: () => attempt('releaseGoods', undefined),
      bookCarrier: () => attempt('bookCarrier', { booking_ref: 'bkg_1' }),
      cancelBooking: () => attempt('cancelBooking', undefined),
      dispatchGoods: () => attempt('dispatchGoods', undefined),
      reversePaymentCredit: () => attempt('reversePaymentCredit', undefined),
      refundPayment: () => attempt('refundPayment', undefined),
      confirmSettlement: () => attempt('confirmSettlement', settled),
      recordSagaOutcome: ({ state }) => attempt('recordSagaOutcome', undefined, `record ${state}`),
      recordStepDecision: ({ verdict, step }) => attempt('recordStepDecision', undefined, `record ${verdict} ${step}`),
    },
  };
}

/** A business refusal, as `activities/send-step.ts` makes it. */
export const refuses =
  (code: string): Behaviour =>
  () => {
    throw ApplicationFailure.create({
      type: code,
      message: `Refused: ${code}.`,
      nonRetryable: true,
      category: 'BENIGN',
    });
  };

/** Something is broken for the first `times` attempts. */
export const breaks =
  (times = Number.POSITIVE_INFINITY): Behaviour =>
  (attempt) => {
    if (attempt <= times) throw new Error('The database is away.');
  };
