import { ApplicationFailure } from '@temporalio/common';
import { cancelOrder } from '../../../src/orders/cancel-order';
import type { OrderSagaInput } from '../../../src/temporal-contract';
import { listedCharges } from '../../support/payments/listed-charges';
import { createMemoryProvider, type MemoryProvider } from '../../support/payments/memory-provider';
import { createSteps, type Steps } from '../../support/sagas/steps';

let steps: Steps;
let first: MemoryProvider;
let second: MemoryProvider;
beforeAll(async () => (steps = await createSteps(() => [first, second])));
beforeEach(() => {
  first = createMemoryProvider({ name: 'first' });
  second = createMemoryProvider({ name: 'second' });
});
afterEach(() => steps.faults.disarmAll());
afterAll(() => steps?.db.close());

/** What the database says of the saga's charge and payment; nothing when nobody was asked. */
async function chargeOf({ payment_id }: OrderSagaInput): Promise<string | undefined> {
  const [row] = await steps.db.query<{ says: string }>(
    `SELECT provider || ' ' || state || ', ' || payment.status AS says
     FROM payment LEFT JOIN provider_charge USING (payment_id) WHERE payment_id = $1`,
    payment_id,
  );
  return row?.says;
}

/** What the providers keep of it, each by its name. */
async function kept({ payment_id }: OrderSagaInput): Promise<Record<string, number>> {
  const amounts: Record<string, number> = {};
  for (const provider of [first, second]) {
    for (const charge of await listedCharges(provider)) {
      if (charge.payment_id === payment_id) amounts[provider.name] = charge.amount - charge.refunded_amount;
    }
  }
  return amounts;
}

const failureOf = (act: Promise<unknown>): Promise<ApplicationFailure> =>
  act.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: unknown) => {
      if (error instanceof ApplicationFailure) return error;
      throw error;
    },
  );

const finalFailure = (type: string) => expect.objectContaining({ type, nonRetryable: true });

describe('a charge', () => {
  it('is taken once, however often its step is tried', async () => {
    const saga = await steps.charged();
    const taken = await steps.act('charge', saga);
    expect(await steps.act('charge', saga)).toEqual(taken);
    expect(await kept(saga)).toEqual({ first: 1_500 });
    expect(await chargeOf(saga)).toBe('first charged, REQUESTED');
    expect(await steps.db.query('SELECT name, state FROM saga_step WHERE saga_id = $1', saga.saga_id)).toEqual([
      { name: 'charge', state: 'done' },
    ]);
  });

  it('is taken once when many attempts come at once', async () => {
    const saga = await steps.charged();
    await Promise.allSettled(Array.from({ length: 6 }, () => steps.act('charge', saga)));
    await steps.act('charge', saga);
    expect(await kept(saga)).toEqual({ first: 1_500 });
  });

  it('fails for good when it is refused, without another provider', async () => {
    const saga = await steps.charged({ payment_method: 'pm_declined' });
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('payment_declined'));
    expect(second.calls).toEqual([]);
    await steps.act('refundCharge', saga);
    expect(await chargeOf(saga)).toBe('first refused, REQUESTED');
  });

  it('fails for good without a request when no provider accepts it', async () => {
    const saga = await steps.charged({ payment_method: 'iban' });
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('payment_method_not_supported'));
    expect(await chargeOf(saga)).toBeUndefined();
  });

  it.each(['request', 'answer'] as const)('is repeated at the same provider when its %s was lost', async (lost) => {
    const saga = await steps.charged();
    first.lose(lost);
    await expect(steps.act('charge', saga)).rejects.toThrow(/^first/);
    expect(await chargeOf(saga)).toBe('first asked, REQUESTED');
    await steps.act('charge', saga);
    expect(await kept(saga)).toEqual({ first: 1_500 });
    expect(first.calls).toEqual([`charge ${saga.payment_id}`, `charge ${saga.payment_id}`]);
  });

  it.each(['payments.charge', 'payments.charge.done'] as const)(
    'is taken once when it is interrupted at %s',
    async (point) => {
      const saga = await steps.charged();
      await steps.faults.arm({ point, kind: 'error', times: 1 });
      await expect(steps.act('charge', saga)).rejects.toThrow(point);
      await steps.act('charge', saga);
      expect(await kept(saga)).toEqual({ first: 1_500 });
      expect(first.calls).toHaveLength(1);
    },
  );
});

describe('a cancelled order', () => {
  const cancel = ({ order_id }: OrderSagaInput) => steps.mediator.send(cancelOrder({ order_id }));

  it('is not charged if it was cancelled before the request', async () => {
    const saga = await steps.charged();
    await cancel(saga);
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('order_not_payable'));
    expect(first.calls).toEqual([]);
    expect(await chargeOf(saga)).toBeUndefined();
  });

  it('is not charged again if it was cancelled between two attempts', async () => {
    const saga = await steps.charged();
    first.lose('request');
    await expect(steps.act('charge', saga)).rejects.toThrow(/cannot be reached/);
    await cancel(saga);
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('order_not_payable'));
    expect(await kept(saga)).toEqual({});
  });

  it('is refunded if it was cancelled during the charge', async () => {
    const saga = await steps.charged();
    first.beforeNextCharge(async () => void (await cancel(saga)));
    await steps.act('charge', saga);
    expect(await failureOf(steps.act('closeInvoice', saga))).toEqual(finalFailure('order_not_payable'));
    await steps.act('refundCharge', saga);
    expect(await kept(saga)).toEqual({ first: 0 });
    expect(await chargeOf(saga)).toBe('first refunded, REQUESTED');
  });
});

describe('the fallback', () => {
  it('is used only if no request was sent', async () => {
    const [fresh, asked] = [await steps.charged(), await steps.charged()];
    first.lose('answer');
    await expect(steps.act('charge', asked)).rejects.toThrow(/did not answer/);
    first.setOpen(true);
    expect(await failureOf(steps.act('charge', fresh))).toEqual(finalFailure('circuit_open'));
    expect(await chargeOf(fresh)).toBeUndefined();
    await steps.act('charge', asked);
    expect(await kept(asked)).toEqual({ first: 1_500 });
  });

  it('charges at the next available provider', async () => {
    const saga = await steps.charged();
    first.setOpen(true);
    await steps.act('chargeElsewhere', saga);
    expect(await chargeOf(saga)).toBe('second charged, REQUESTED');
    expect(await kept(saga)).toEqual({ second: 1_500 });
  });

  it('never charges at two providers: the first provider is called again', async () => {
    const saga = await steps.charged();
    first.lose('answer');
    await expect(steps.act('charge', saga)).rejects.toThrow(/did not answer/);
    first.setOpen(true);
    await steps.act('chargeElsewhere', saga);
    first.setOpen(false);
    await steps.act('charge', saga);
    expect(second.calls).toEqual([]);
    expect(await kept(saga)).toEqual({ first: 1_500 });
  });

  it('and a concurrent late attempt of the step call one provider', async () => {
    const saga = await steps.charged();
    await Promise.allSettled([steps.act('charge', saga), steps.act('chargeElsewhere', saga)]);
    await steps.act('charge', saga);
    expect(Object.values(await kept(saga))).toEqual([1_500]);
  });

  it('is not used by a late attempt of a compensated charge', async () => {
    const saga = await steps.charged();
    await steps.act('refundCharge', saga);
    first.setOpen(true);
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('step_undone'));
    expect(await failureOf(steps.act('chargeElsewhere', saga))).toEqual(finalFailure('step_undone'));
  });

  it('is retried without a request while no provider is available', async () => {
    const saga = await steps.charged();
    first.setOpen(true);
    second.setOpen(true);
    expect(await failureOf(steps.act('chargeElsewhere', saga))).toMatchObject({ type: 'fault', nonRetryable: false });
    expect(await chargeOf(saga)).toBeUndefined();
    first.setOpen(false);
    await steps.act('chargeElsewhere', saga);
    expect(await chargeOf(saga)).toBe('first charged, REQUESTED');
  });
});

describe('the compensation of a charge', () => {
  it('sends no request for a charge without an intent, and refuses its late attempt', async () => {
    const saga = await steps.charged();
    await steps.act('refundCharge', saga);
    await steps.act('refundCharge', saga);
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('step_undone'));
    expect(first.calls).toEqual([]);
    expect(await chargeOf(saga)).toBeUndefined();
  });

  it('refunds a charge once, and a late attempt takes nothing', async () => {
    const saga = await steps.charged();
    const { charge_ref } = await steps.act('charge', saga);
    await steps.act('refundCharge', saga);
    await steps.act('refundCharge', saga);
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('step_undone'));
    expect(first.calls).toEqual([`charge ${saga.payment_id}`, `refund ${saga.payment_id} ${charge_ref}`]);
    expect(await kept(saga)).toEqual({ first: 0 });
    expect(await chargeOf(saga)).toBe('first refunded, REQUESTED');
  });

  it('refunds a charge that was never recorded', async () => {
    const saga = await steps.charged();
    first.lose('answer');
    await expect(steps.act('charge', saga)).rejects.toThrow(/did not answer/);
    await steps.act('refundCharge', saga);
    expect(first.calls).toEqual([`charge ${saga.payment_id}`, `refund ${saga.payment_id}`]);
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('step_undone'));
    expect(await kept(saga)).toEqual({ first: 0 });
    expect(await chargeOf(saga)).toBe('first refunded, REQUESTED');
  });

  it('prevents an attempt that is still under way', async () => {
    const saga = await steps.charged();
    first.beforeNextCharge(() => steps.act('refundCharge', saga));
    expect(await failureOf(steps.act('charge', saga))).toEqual(finalFailure('charge_voided'));
    expect(await kept(saga)).toEqual({});
    expect(await chargeOf(saga)).toBe('first refused, REQUESTED');
  });

  it('goes to the provider that took the money, even if another is first by now', async () => {
    const saga = await steps.charged();
    first.setOpen(true);
    await steps.act('chargeElsewhere', saga);
    first.setOpen(false);
    await steps.act('refundCharge', saga);
    expect(await kept(saga)).toEqual({ second: 0 });
    expect(first.calls).toEqual([]);
  });

  it.each(['request', 'answer'] as const)('refunds once when its %s was lost', async (lost) => {
    const saga = await steps.charged();
    await steps.act('charge', saga);
    first.lose(lost);
    await expect(steps.act('refundCharge', saga)).rejects.toThrow(/^first/);
    await steps.act('refundCharge', saga);
    expect(await kept(saga)).toEqual({ first: 0 });
  });

  it('is retried when the provider refuses it', async () => {
    const saga = await steps.charged();
    await steps.act('charge', saga);
    first.refuseRefunds();
    const retried = { type: 'fault', nonRetryable: false };
    expect(await failureOf(steps.act('refundCharge', saga))).toMatchObject(retried);
    expect(await chargeOf(saga)).toBe('first charged, REQUESTED');
  });
});
