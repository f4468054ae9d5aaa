export { housekeeping } from './retention';
export { outboxRelay } from './outbox-relay';
export { orderSaga } from './order-saga';
export { paymentSaga } from './payment-saga';
export { reconciliation } from './reconciliation';
export { shipmentSaga } from './shipment-saga';
export { unpaidSweep } from './unpaid-sweep';
