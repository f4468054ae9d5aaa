export { housekeeping } from './housekeeping';
export { outboxRelay } from './outbox-relay';
export { paymentSaga } from './payment-saga';
