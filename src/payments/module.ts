import { defineModule } from '../define-module';
import { acceptPaymentHandler } from './accept-payment';
import { requestChargeHandler } from './charge/ask-charge';
import { recordChargeHandler, recordChargeUndoneHandler } from './charge/record-charge';
import { invoicePaidProvisionService, paymentEvents } from './payment-events';
import { requestRefundHandler, confirmChargeHandler } from './refund/ask-refund';
import { recordRefundHandler } from './refund/record-refund';
import { resolveRefundHandler } from './refund/resolve-refund';
import { returnPaymentHandler } from './refund/return-payment';
import { createRestartRoute, restartSagaHandler } from './restart-saga';
import { createPaymentRoutes } from './routes';
import { settlePaymentHandler } from './settle-payment';
import { createWebhookRoutes } from './webhooks/routes';

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
