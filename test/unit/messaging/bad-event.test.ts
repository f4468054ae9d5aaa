import { eventRegistry } from '../../../src/application';
import { readEvent, UnreadableMessage } from '../../../src/kafka/received-event';

const headers = {
  ce_specversion: '1.0',
  ce_id: 'evt_1',
  ce_source: '/paysaga',
  ce_type: 'com.paysaga.order.paid',
  ce_subject: 'ord_1',
  ce_time: '2026-11-21T09:30:00.000Z',
  ce_dataversion: '1',
  ce_sequence: '2',
  ce_correlationid: 'req_1',
  'content-type': 'application/json',
};
const payload = {
  order_id: 'ord_1',
  customer_id: 'cus_1',
  product_sku: 'vps.s',
  quantity: 1,
  amount: 9_900,
  currency: 'EUR',
  invoice_id: 'inv_1',
  payment_id: 'pay_1',
};
const read = (changed: Record<string, string>, data: object = {}) =>
  readEvent(
    { key: 'ord_1', headers: { ...headers, ...changed }, value: Buffer.from(JSON.stringify({ ...payload, ...data })) },
    eventRegistry,
  );

it('reads what the columns can keep', () => {
  expect(read({}).payload).toEqual(payload);
});

it.each([
  ['ce_id', ''],
  ['ce_id', 'evt_\u0000'],
  ['ce_id', 'x'.repeat(256)],
  ['ce_subject', 'ord_\u0000'],
  ['ce_sequence', '3000000000'],
  ['ce_sequence', '0'],
  ['ce_sequence', '1.5'],
  ['ce_dataversion', '3000000000'],
  ['ce_time', 'not a time'],
  ['ce_time', '0000-01-01T00:00:00Z'],
  ['ce_correlationid', '\u0000'],
  ['ce_type', 'com.paysaga.constructor'],
  ['ce_type', 'com.paysaga.__proto__'],
])('sets a message aside whose %s is %j', (name, value) => {
  expect(() => read({ [name]: value })).toThrow(UnreadableMessage);
});

it.each([
  { order_id: 'ord_\u0000' },
  { customer_id: 'cus_\ud800' },
  { quantity: 3_000_000_000 },
  { amount: 9_007_199_254_740_991 },
  { amount: -1 },
  { currency: 'euros' },
  { product_sku: 'x'.repeat(65) },
])('sets an order aside that says %j', (data) => {
  expect(() => read({}, data)).toThrow(UnreadableMessage);
});
