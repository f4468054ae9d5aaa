import { type OrderRequest, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { type FakeStripe, startFakeStripe } from '../../support/payments/stripe/fake-stripe';

const DEADLINE_MS = 60_000;

let stack: E2eStack;
let stripe: FakeStripe;

/** Stripe alone, and that one of ours: `stripe-mock` keeps no state, so no order could be paid by it. */
beforeAll(async () => {
  stripe = await startFakeStripe();
  stack = await startE2eStack({
    env: { PAYMENT_PROVIDERS: '', STRIPE_API_KEY: 'sk_test_123', STRIPE_API_URL: stripe.url },
  });
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  await stripe?.stop();
});

const charged = (payment_method: string, order: OrderRequest = {}) =>
  placeOrder(stack.service, { collection_method: 'charge_automatically', payment_method, ...order });

const intentsOf = (orderId: string) =>
  [...stripe.books.intents.values()].filter(({ metadata }) => metadata.order_id === orderId);

it('charges an order by card once, even if the answer is lost', async () => {
  stripe.spoil(/\/confirm$/, 'lose_answer');
  const { order_id } = await charged('pm_card_visa');
  await untilStatus(stack.service, order_id, 'FULFILLED', DEADLINE_MS);
  expect(intentsOf(order_id)).toMatchObject([{ status: 'succeeded', amount: 9_900, currency: 'eur' }]);
}, 90_000);

it('cancels an order whose card is declined, and its intent can no longer take money', async () => {
  const { order_id } = await charged('pm_card_chargeDeclined');
  await untilStatus(stack.service, order_id, 'CANCELLED', DEADLINE_MS);
  const sagas = await stack.query('SELECT state, failure_code FROM saga WHERE order_id = $1', order_id);
  expect(sagas).toEqual([{ state: 'compensated', failure_code: 'payment_declined' }]);
  expect(intentsOf(order_id)).toMatchObject([{ status: 'canceled' }]);
}, 90_000);

it('cancels an order whose amount Stripe never charges', async () => {
  const { smallestAmount } = stripe.books;
  stripe.books.smallestAmount = 9_901;
  const { order_id } = await charged('pm_card_visa');
  await untilStatus(stack.service, order_id, 'CANCELLED', DEADLINE_MS);
  stripe.books.smallestAmount = smallestAmount;
  const sagas = await stack.query('SELECT state, failure_code FROM saga WHERE order_id = $1', order_id);
  expect(sagas).toEqual([{ state: 'compensated', failure_code: 'payment_declined' }]);
  expect(intentsOf(order_id)).toEqual([]);
}, 90_000);

it('refunds to the card when the carrier refuses the goods', async () => {
  const { order_id } = await charged('pm_card_visa', { product_sku: 'unshippable', amount: 2_500 });
  await untilStatus(stack.service, order_id, 'REFUNDED', DEADLINE_MS);
  expect(intentsOf(order_id)).toMatchObject([{ status: 'succeeded', charge: { amount_refunded: 2_500 } }]);
}, 90_000);
