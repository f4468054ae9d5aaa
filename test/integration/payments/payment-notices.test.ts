import { createApplication } from '../../../src/application';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import { restartSaga } from '../../../src/payments/restart-saga';
import { newId } from '../../../src/platform/ids';
import { recordSagaOutcome } from '../../../src/sagas/record-saga-outcome';
import { silentLogger } from '../../support/logger';
import { createSteps, type Steps } from '../../support/sagas/steps';

let steps: Steps;
beforeAll(async () => {
  steps = await createSteps(() => []);
});
afterAll(() => steps?.db.close());

type Notice = Parameters<typeof acceptPayment>[0];

/** An order to be paid by its invoice, and the notice that it was. */
async function newNotice(payment_id: string = newId('pay')): Promise<Notice> {
  const goods = { customer_id: 'cus_1', product_sku: 'vps.s', amount: 9_900, currency: 'EUR', quantity: 1 };
  const order = await steps.mediator.send(placeOrder({ ...goods, collection_method: 'send_invoice' }));
  const { order_id, invoice_id, customer_id, amount, currency } = order;
  return { order_id, invoice_id, customer_id, amount, currency, payment_id };
}

describe('a payment that was begun again', () => {
  it('is its newest saga’s, also when the clock of who began it was behind', async () => {
    const at = (clock: string) =>
      createApplication({ database: steps.db.database, logger: silentLogger, clock: () => clock });
    const notice = await newNotice();
    const saga_id = `payment-${notice.payment_id}`;
    await at('2026-11-21T12:00:00.000Z').send(acceptPayment(notice));

    const failure = { failed_step: 'settle', code: 'refused', detail: 'refused' };
    let newest = saga_id;
    // As many that the ids, too, are not in the order of their letters.
    for (let attempt = 2; attempt <= 11; attempt++) {
      const behind = at(`2026-11-21T${String(13 - attempt).padStart(2, '0')}:00:00.000Z`);
      await behind.send(recordSagaOutcome({ saga_id: newest, state: 'compensated', failure }));
      const begun = await behind.send(restartSaga({ saga_id: newest, reason: 'its cause is gone' }));
      newest = `${saga_id}-${attempt}`;
      expect(begun).toMatchObject({ saga_id: newest });
      expect(await behind.send(acceptPayment(notice))).toMatchObject({ state: 'running', saga_id: newest });
    }
    const again = at('2026-11-21T00:00:00.000Z').send(restartSaga({ saga_id, reason: 'it was the first' }));
    await expect(again).rejects.toMatchObject({ code: 'saga_not_compensated' });
  });
});
