import { defineModule } from '../define-module';
import { invoicePaidProvisionService, paymentEvents } from '../domain/payment';
import { acceptPaymentHandler, createAcceptPaymentRoute } from './accept-payment';
import { recordChargeHandler, recordChargeUndoneHandler, requestChargeHandler } from './charges';
import { confirmChargeHandler, recordRefundHandler, requestRefundHandler } from './refunds';
import { createRestartRoute, restartSagaHandler } from './restart-saga';
import {
  createResolveRefundRoute,
  createReturnPaymentRoute,
  resolveRefundHandler,
  returnPaymentHandler,
} from './return-payment';
import { settlePaymentHandler } from './settle-payment';
import { createWebhookRoutes } from './webhooks';

/** The module of payments. */
export const paymentsModule = defineModule({
  events: [...paymentEvents, invoicePaidProvisionService],
  handlers: () => [
    acceptPaymentHandler,
    settlePaymentHandler,
    requestChargeHandler,
    confirmChargeHandler,
    recordChargeHandler,
    recordChargeUndoneHandler,
    requestRefundHandler,
    recordRefundHandler,
    resolveRefundHandler,
    returnPaymentHandler,
    restartSagaHandler,
  ],
  routes: [
    createAcceptPaymentRoute,
    createResolveRefundRoute,
    createReturnPaymentRoute,
    createWebhookRoutes,
    createRestartRoute,
  ],
});
