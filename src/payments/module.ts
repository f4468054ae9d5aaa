import { defineModule } from '../define-module';
import { acceptPaymentHandler } from './accept-payment';
import { recordChargeHandler, recordChargeUndoneHandler, requestChargeHandler } from './charges';
import { invoicePaidProvisionService, paymentEvents } from '../domain/payment';
import { confirmChargeHandler, recordRefundHandler, requestRefundHandler } from './refunds';
import { resolveRefundHandler, returnPaymentHandler } from './return-payment';
import { createRestartRoute, restartSagaHandler } from './restart-saga';
import { createPaymentRoutes } from './routes';
import { settlePaymentHandler } from './settle-payment';
import { createWebhookRoutes } from './webhooks';

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
  routes: [createPaymentRoutes, createWebhookRoutes, createRestartRoute],
});
