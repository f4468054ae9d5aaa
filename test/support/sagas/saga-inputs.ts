import { randomUUID } from 'node:crypto';
import type { OrderSagaInput, PaymentSagaInput, ShipmentSagaInput } from '../../../src/temporal-contract';

export function paymentSagaInput(): PaymentSagaInput {
  const payment_id = `pay_${randomUUID()}`;
  return {
    saga_id: `payment-${payment_id}`,
    payment_id,
    order_id: 'ord_1',
    invoice_id: 'inv_1',
    customer_id: 'cus_1',
    amount: 9_900,
    currency: 'EUR',
    correlation_id: 'req_1',
  };
}

export function orderSagaInput(): OrderSagaInput {
  const order_id = `ord_${randomUUID()}`;
  const saga_id = `order-${order_id}`;
  return { ...paymentSagaInput(), saga_id, order_id, product_sku: 'mug', quantity: 1, payment_method: 'pm_ok' };
}

export function shipmentSagaInput(): ShipmentSagaInput {
  const payment = paymentSagaInput();
  const order_id = `ord_${randomUUID()}`;
  const goods = { shipment_id: 'shp_1', product_sku: 'mug', quantity: 1 };
  return { ...payment, ...goods, saga_id: `shipment-${order_id}`, order_id, payment_saga_id: payment.saga_id };
}
