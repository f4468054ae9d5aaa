import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig } from '../../src/kafka-config';
import { toEventMessage } from '../../src/messaging/cloud-event';
import { orderPaid } from '../../src/orders/order-events';
import { newId } from '../../src/platform/ids';

const BATCH = 1_000;

/** Sends new `order.paid` events to their topic, each of another order. */
export async function producePaidEvents({ brokers }: KafkaConfig, count: number): Promise<void> {
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  try {
    for (let sent = 0; sent < count; sent += BATCH) {
      const messages = Array.from({ length: Math.min(BATCH, count - sent) }, paidEvent);
      await producer.send({ topic: orderPaid.topic, acks: -1, messages });
    }
  } finally {
    await producer.disconnect();
  }
}

function paidEvent() {
  const order_id = newId('ord');
  const customer = { customer_id: 'cus_bench', product_sku: 'vps.s', quantity: 1, amount: 9900, currency: 'EUR' };
  const payload = { order_id, ...customer, invoice_id: newId('inv'), payment_id: order_id.replace('ord', 'pay') };
  return toEventMessage({
    event_id: newId('evt'),
    aggregate_id: order_id,
    version: 2,
    type: orderPaid.type,
    data_version: orderPaid.dataVersion,
    payload: JSON.stringify(payload),
    occurred_at: new Date().toISOString(),
    correlation_id: newId('req'),
    causation_id: null,
    traceparent: null,
    replay_id: null,
  });
}
