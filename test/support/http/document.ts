import { createApp } from '../../../src/app';
import type { HealthChecks } from '../../../src/health';
import { openApiDocument } from '../../../src/http/docs';
import { createMetrics } from '../../../src/platform/metrics';
import type { SagaStarter } from '../../../src/sagas/start';
import { silentLogger } from '../logger';

const SECRET = `whsec_${Buffer.from('secret of the tests').toString('base64')}`;
const unused = (): never => {
  throw new Error('Nothing is asked here.');
};

/** The document with every route that the service can have. */
export function wholeDocument() {
  const app = createApp({
    mediator: { send: unused, sendMany: unused },
    idempotency: { peek: unused, save: unused, bar: unused },
    sagas: {} as SagaStarter,
    decideStep: unused,
    cancelSaga: unused,
    authenticate: unused,
    health: {} as HealthChecks,
    metrics: createMetrics(),
    faults: { pass: unused, arm: unused, disarmAll: unused },
    webhooks: { paymentSecret: SECRET, stripeSecret: SECRET },
    faultInjection: true,
    logger: silentLogger,
  });
  return openApiDocument(app);
}
