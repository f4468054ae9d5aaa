import { createGetSales, getSales } from './analytics/get-sales';
import { recordSale, recordSaleHandler } from './analytics/record-sale';
import { salesConsumer } from './analytics/sales-consumer';
import { closeInvoice, closeInvoiceHandler } from './billing/close-invoice';
import { creditBalance, creditBalanceHandler } from './billing/credit-balance';
import { createGetBalance, getBalance } from './billing/get-balance';
import { invoiceEvents } from './billing/invoice-events';
import { reopenInvoice, reopenInvoiceHandler } from './billing/reopen-invoice';
import { reverseCredit, reverseCreditHandler } from './billing/reverse-credit';
import { createProvisionService, provisionService } from './fulfilment/provision-service';
import { allocateGoods, allocateGoodsHandler } from './fulfilment/allocate-goods';
import { dispatchGoods, dispatchGoodsHandler } from './fulfilment/dispatch-goods';
import { failShipment } from './fulfilment/fail-shipment';
import { provisioningConsumer } from './fulfilment/provisioning-consumer';
import { provisioningEvents } from './fulfilment/provisioning-events';
import {
  recordBooking,
  recordBookingCancelled,
  recordBookingCancelledHandler,
  recordBookingHandler,
} from './fulfilment/record-booking';
import { requestBooking, requestBookingHandler } from './fulfilment/request-booking';
import { shipmentEvents } from './fulfilment/shipment-events';
import { deleteExpired, deleteExpiredHandler } from './housekeeping/delete-expired';
import { createCatalogue } from './inventory/catalogue';
import { createProductHandlers, productMessages } from './inventory/handlers';
import { productChanged } from './inventory/product';
import { releaseInventory, releaseInventoryHandler } from './inventory/release-inventory';
import { createReserveInventory, reserveInventory } from './inventory/reserve-inventory';
import { beginReconciliation, beginReconciliationHandler } from './reconciliation/begin-reconciliation';
import { comparePage, comparePageHandler } from './reconciliation/compare-page';
import { copyCharges, copyChargesHandler } from './reconciliation/copy-charges';
import {
  finishReconciliation,
  finishReconciliationHandler,
  forgetCopies,
  forgetCopiesHandler,
} from './reconciliation/finish-reconciliation';
import { createListDiscrepancies, listDiscrepancies } from './reconciliation/list-differences';
import { createKeyHandlers, keyMessages } from './keys/handlers';
import { ROTATION_GRACE_MS } from './key-config';
import { createMediator, type Mediator } from './mediator/mediator';
import { createDeadLetterHandlers, deadLetterMessages } from './messaging/dead-letters/handlers';
import { cancelOrder, cancelOrderHandler } from './orders/cancel-order';
import { createGetOrder, getOrder } from './orders/get-order';
import { createListOrderEvents, listOrderEvents } from './orders/list-order-events';
import { createListOrders, listOrders } from './orders/list-orders';
import { cancelUnpaidOrder, cancelUnpaidOrderHandler } from './orders/unpaid/cancel-unpaid-order';
import { createFindUnpaidOrders, findUnpaidOrders } from './orders/unpaid/find-unpaid-orders';
import { orderEvents } from './orders/order-events';
import { createPlaceOrder, placeOrder } from './orders/place-order';
import { createEventRegistry, type EventRegistry } from './outbox/event-registry';
import { noNotifier, type Notifier } from './outbox/wake-up/wake-up';
import { createGetOutboxRow, getOutboxRow } from './outbox/operator/get-outbox-row';
import { createListOutboxRows, listOutboxRows } from './outbox/operator/list-outbox-rows';
import { discardOutboxRow, discardOutboxRowHandler } from './outbox/operator/discard-outbox-row';
import { requeueOutboxRow, requeueOutboxRowHandler } from './outbox/operator/requeue-outbox-row';
import { continueReplay, continueReplayHandler } from './outbox/replay/continue-replay';
import { createGetReplay, getReplay } from './outbox/replay/get-replay';
import { createPreviewReplay, previewReplay } from './outbox/replay/preview-replay';
import { createStartReplay, startReplay } from './outbox/replay/start-replay';
import { acceptPayment, acceptPaymentHandler } from './payments/accept-payment';
import { requestCharge, requestChargeHandler } from './payments/charge/ask-charge';
import { requestRefund, requestRefundHandler, confirmCharge, confirmChargeHandler } from './payments/refund/ask-refund';
import { cancelUncharged } from './payments/charge/cancel-uncharged';
import { failPayment } from './payments/fail-payment';
import {
  recordCharge,
  recordChargeHandler,
  recordChargeUndone,
  recordChargeUndoneHandler,
} from './payments/charge/record-charge';
import { recordRefund, recordRefundHandler } from './payments/refund/record-refund';
import { resolveRefund, resolveRefundHandler } from './payments/refund/resolve-refund';
import { returnPayment, returnPaymentHandler } from './payments/refund/return-payment';
import { confirmStep, confirmStepHandler } from './sagas/confirm-step';
import { createGetSaga, getSaga } from './sagas/view/get-saga';
import { createListSagas, listSagas } from './sagas/view/list-sagas';
import { invoicePaidProvisionService, paymentEvents } from './payments/payment-events';
import { createFindStep, findStep } from './sagas/decide/find-step';
import { keepAnswer, keepAnswerHandler } from './sagas/decide/keep-answer';
import { createFindStepAnswer, findStepAnswer } from './sagas/find-step-answer';
import { recordStepDecision, recordStepDecisionHandler } from './sagas/record-step-decision';
import { restartSaga, restartSagaHandler } from './payments/restart-saga';
import { noProgress, type SagaProgress } from './sagas/view/saga-progress';
import { createRecordSagaOutcome, recordSagaOutcome } from './sagas/record-saga-outcome';
import { createFindSaga, findSaga } from './sagas/find-saga';
import type { WorkflowUrl } from './sagas/view/saga-view';
import { settlePayment, settlePaymentHandler } from './payments/settle-payment';
import { type Clock, systemClock } from './platform/clock';
import type { Database } from './platform/database/database';
import type { Logger } from './platform/telemetry/logger';

/** Every event type there is. */
export const eventRegistry: EventRegistry = createEventRegistry([
  ...orderEvents,
  ...invoiceEvents,
  ...paymentEvents,
  ...provisioningEvents,
  ...shipmentEvents,
  productChanged,
  invoicePaidProvisionService,
]);

/** Every command and query there is. */
const messages = [
  placeOrder,
  cancelOrder,
  getOrder,
  listOrders,
  listOrderEvents,
  findUnpaidOrders,
  cancelUnpaidOrder,
  acceptPayment,
  closeInvoice,
  reopenInvoice,
  creditBalance,
  reverseCredit,
  settlePayment,
  requestCharge,
  confirmCharge,
  recordCharge,
  recordChargeUndone,
  requestRefund,
  recordRefund,
  resolveRefund,
  returnPayment,
  reserveInventory,
  releaseInventory,
  allocateGoods,
  requestBooking,
  recordBooking,
  recordBookingCancelled,
  dispatchGoods,
  confirmStep,
  recordSagaOutcome,
  recordStepDecision,
  restartSaga,
  findStep,
  findStepAnswer,
  keepAnswer,
  findSaga,
  getSaga,
  listSagas,
  getBalance,
  ...productMessages,
  provisionService,
  recordSale,
  getSales,
  listOutboxRows,
  getOutboxRow,
  requeueOutboxRow,
  discardOutboxRow,
  previewReplay,
  startReplay,
  continueReplay,
  getReplay,
  ...deadLetterMessages,
  ...keyMessages,
  beginReconciliation,
  copyCharges,
  comparePage,
  finishReconciliation,
  forgetCopies,
  listDiscrepancies,
  deleteExpired,
];

/** Every consumer group there is. */
export const consumers = [provisioningConsumer, salesConsumer];

export interface ApplicationOptions {
  readonly database: Database;
  readonly logger: Logger;
  /** Without it, the relays find new rows by their poll. */
  readonly notifier?: Notifier;
  readonly clock?: Clock;
  readonly workflowUrl?: WorkflowUrl;
  readonly sagaProgress?: SagaProgress;
  /** How long a rotated key still works. Defaults to 24 hours. */
  readonly keyRotationGraceMs?: number;
}

/** The application that all three processes run: its mediator with a handler for every message. */
export function createApplication({
  database,
  logger,
  notifier = noNotifier,
  clock = systemClock,
  workflowUrl = () => null,
  sagaProgress = noProgress,
  keyRotationGraceMs = ROTATION_GRACE_MS,
}: ApplicationOptions): Mediator {
  const catalogue = createCatalogue(database);
  const replays = { registry: eventRegistry, consumers };
  const handlers = [
    createPlaceOrder(catalogue),
    cancelOrderHandler,
    createGetOrder(database),
    createListOrders(database),
    createListOrderEvents(database),
    createFindUnpaidOrders(database),
    cancelUnpaidOrderHandler,
    acceptPaymentHandler,
    closeInvoiceHandler,
    reopenInvoiceHandler,
    creditBalanceHandler,
    reverseCreditHandler,
    settlePaymentHandler,
    requestChargeHandler,
    confirmChargeHandler,
    recordChargeHandler,
    recordChargeUndoneHandler,
    requestRefundHandler,
    recordRefundHandler,
    resolveRefundHandler,
    returnPaymentHandler,
    createReserveInventory(catalogue),
    releaseInventoryHandler,
    allocateGoodsHandler,
    requestBookingHandler,
    recordBookingHandler,
    recordBookingCancelledHandler,
    dispatchGoodsHandler,
    confirmStepHandler,
    createRecordSagaOutcome({ payment: failPayment, order: cancelUncharged, shipment: failShipment }),
    recordStepDecisionHandler,
    restartSagaHandler,
    createFindStep(database),
    createFindStepAnswer(database),
    keepAnswerHandler,
    createFindSaga(database),
    createGetSaga(database, workflowUrl, sagaProgress),
    createListSagas(database, workflowUrl, sagaProgress),
    createGetBalance(database),
    ...createProductHandlers(database),
    createProvisionService(catalogue),
    recordSaleHandler,
    createGetSales(database),
    createListOutboxRows(database),
    createGetOutboxRow(database),
    requeueOutboxRowHandler,
    discardOutboxRowHandler,
    createPreviewReplay(database, replays),
    createStartReplay(replays),
    continueReplayHandler,
    createGetReplay(database),
    ...createDeadLetterHandlers(database),
    ...createKeyHandlers(database, keyRotationGraceMs),
    beginReconciliationHandler,
    copyChargesHandler,
    comparePageHandler,
    finishReconciliationHandler,
    forgetCopiesHandler,
    createListDiscrepancies(database),
    deleteExpiredHandler,
  ];
  return createMediator({ messages, handlers, registry: eventRegistry, database, notifier, clock, logger });
}
