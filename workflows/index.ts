export { housekeeping } from './scheduled';
export { outboxRelay } from './outbox-relay';
export { orderSaga } from './order-saga';
export { paymentSaga } from './payment-saga';
export { reconciliation } from './scheduled';
export { shipmentSaga } from './shipment-saga';
export { unpaidSweep } from './scheduled';
