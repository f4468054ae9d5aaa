import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { type Activities, createActivities } from '../../../activities';
import { seedCatalogue } from '../../../dev/stack/prepare';
import { createApplication } from '../../../src/application';
import { createIdempotencyKeys } from '../../../src/cqrs/idempotency-keys';
import type { Mediator } from '../../../src/cqrs/mediator';
import { provisionService } from '../../../src/fulfilment/provision';
import type { OrderResponse } from '../../../src/orders/order-response';
import { placeOrder } from '../../../src/orders/place-order';
import { acceptPayment } from '../../../src/payments/accept-payment';
import { chainOf } from '../../../src/payments/providers/chain';
import { createFaults, type Faults } from '../../../src/platform/faults';
import type { OrderSagaInput, PaymentSagaInput, SagaType, ShipmentSagaInput } from '../../../src/temporal-contract';
import { createTestDatabase, type TestDatabase } from '../database';
import { silentLogger } from '../logger';
import { createMemoryCarrier } from '../payments/memory-carrier';
import type { MemoryProvider } from '../payments/memory-provider';

/** Calls the sagas' activities one by one on a separate database. */
export interface Steps {
  readonly db: TestDatabase;
  readonly mediator: Mediator;
  readonly faults: Faults;
  /** Runs an activity once. @throws the activity's error */
  act<Name extends keyof Activities>(name: Name, input: Parameters<Activities[Name]>[0]): ReturnType<Activities[Name]>;
  /** Places an order that is charged. The method defaults to `pm_ok`. @returns the saga's input */
  charged(order?: Partial<OrderOf>): Promise<OrderSagaInput>;
  /** Takes the order of a saga as far as the pivot, and over it. */
  settle(saga: OrderSagaInput | PaymentSagaInput): Promise<void>;
  /** Places and pays an order of goods. @returns the input of the shipment's saga */
  shipment(paid: 'by provider' | 'outside', order?: Partial<OrderOf>): Promise<ShipmentSagaInput>;
  /** The row of the order's saga. */
  sagaOf<Input>(type: SagaType, orderId: string): Promise<Input>;
}

type OrderOf = Pick<OrderResponse, 'customer_id' | 'product_sku' | 'amount' | 'quantity'> & {
  readonly payment_method: string;
};

/** Call `db.close` in `afterAll`. @param providers asked in this order */
export async function createSteps(providers: () => readonly MemoryProvider[]): Promise<Steps> {
  const db = await createTestDatabase();
  await seedCatalogue(db.url);
  const { database } = db;
  const mediator = createApplication({ database, logger: silentLogger });
  const idempotency = createIdempotencyKeys({ database });
  const faults = createFaults({ database, enabled: true, logger: silentLogger });
  const logger = new DefaultLogger('ERROR');
  const carrier = createMemoryCarrier();

  const steps: Steps = {
    db,
    mediator,
    faults,
    act(name, input) {
      const activities = createActivities({ mediator, idempotency, faults, providers: chainOf(providers()), carrier });
      const activity = activities[name] as (given: typeof input) => Promise<unknown>;
      return new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }, { logger }).run(activity, input) as never;
    },
    async charged({ payment_method = 'pm_ok', ...order } = {}) {
      const goods = { customer_id: 'cus_1', product_sku: 'mug', amount: 1_500, currency: 'EUR', quantity: 1, ...order };
      const { order_id } = await mediator.send(
        placeOrder({ ...goods, collection_method: 'charge_automatically', payment_method }),
      );
      return steps.sagaOf('order', order_id);
    },
    async settle(saga) {
      const { capture_ref } = await steps.act('closeInvoice', saga);
      const { balance_tx_id } = await steps.act('creditBalance', saga);
      await steps.act('settlePayment', { ...saga, capture_ref, balance_tx_id });
    },
    async shipment(paid, order = {}) {
      const saga = await (paid === 'outside' ? paidOutside(order) : paidByProvider(order));
      await steps.settle(saga);
      const { order_id, customer_id, invoice_id } = saga;
      const [row] = await db.query<{ product_sku: string }>(
        'SELECT product_sku FROM orders WHERE order_id = $1',
        order_id,
      );
      const product_sku = row?.product_sku ?? '';
      await mediator.send(provisionService({ order_id, customer_id, product_sku, invoice_id }));
      return steps.sagaOf('shipment', order_id);
    },
    async sagaOf<Input>(type: SagaType, orderId: string) {
      const [row] = await db.query<{ input: Input }>(
        'SELECT input FROM saga WHERE order_id = $1 AND type = $2',
        orderId,
        type,
      );
      if (!row) throw new Error(`Order ${orderId} has no ${type} saga.`);
      return row.input;
    },
  };
  return steps;

  async function paidByProvider(order: Partial<OrderOf>): Promise<OrderSagaInput> {
    const saga = await steps.charged(order);
    await steps.act('reserveInventory', saga);
    await steps.act('charge', saga);
    return saga;
  }

  async function paidOutside(order: Partial<OrderOf>): Promise<PaymentSagaInput> {
    const goods = { customer_id: 'cus_1', product_sku: 'mug', amount: 1_500, currency: 'EUR', quantity: 1, ...order };
    const placed = await mediator.send(placeOrder({ ...goods, collection_method: 'send_invoice' }));
    const { order_id, invoice_id, customer_id, amount, currency } = placed;
    const notification = { order_id, invoice_id, customer_id, amount, currency, payment_id: `pay_${order_id}` };
    await mediator.send(acceptPayment(notification));
    return steps.sagaOf('payment', order_id);
  }
}
