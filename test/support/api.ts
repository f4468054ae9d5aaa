import { type AppOptions, createApp } from '../../src/app';
import { createApplication } from '../../src/application';
import { createIdempotencyKeys } from '../../src/cqrs/idempotency-keys';
import { createApiKey, createAuthenticate } from '../../src/http/api-keys';
import { openApiDocument } from '../../src/http/docs';
import type { Database } from '../../src/platform/database/database';
import { createFaults } from '../../src/platform/faults';
import { createMetrics } from '../../src/platform/metrics';
import { Refusal } from '../../src/platform/refusal';
import type { SagaStarter } from '../../src/sagas/start';
import { assertAllowed, createContract, type Document } from './http/contract';
import { silentLogger } from './logger';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** As JSON; `null` when there is none. */
  readonly body: Record<string, unknown> | null;
}

export interface ApiRequest {
  /** Whose key; none without it. */
  readonly as?: 'operator' | 'service' | 'customer';
  readonly json?: unknown;
  /** As it is, instead of `json`. */
  readonly body?: RequestInit['body'];
  readonly headers?: Record<string, string>;
}

export interface TestApi {
  /** The id of the operator's key. */
  readonly operatorKeyId: string;
  /** As a server calls it. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Of each role. */
  readonly keys: Readonly<Record<'operator' | 'service' | 'customer', string>>;
  call(method: string, path: string, request?: ApiRequest): Promise<ApiAnswer>;
}

const noSagas: SagaStarter = {
  start: () => Promise.reject(new Error('No saga is started here.')),
} as Partial<SagaStarter> as SagaStarter;
const well = { essential: false, ask: async () => undefined };

/** The HTTP interface on a database alone, without a socket. */
export async function createTestApi(
  database: Database,
  changed: Partial<Pick<AppOptions, 'webhooks' | 'sagas'>> = {},
): Promise<TestApi> {
  const app = createApp({
    mediator: createApplication({ database, logger: silentLogger }),
    idempotency: createIdempotencyKeys({ database }),
    sagas: noSagas,
    decideStep: () => Promise.reject(new Refusal('step_not_stuck', 'No saga runs here.')),
    cancelSaga: async () => undefined,
    authenticate: createAuthenticate(database),
    health: {
      database: well,
      broker: well,
      temporal: well,
      outbox_lag: well,
      dead_letters: well,
      consumers: well,
      sagas: well,
      payment_provider: well,
      carrier: well,
    },
    metrics: createMetrics(),
    faults: createFaults({ database, enabled: false, logger: silentLogger }),
    webhooks: {},
    faultInjection: false,
    logger: silentLogger,
    ...changed,
  });
  const operator = await createApiKey(database, { role: 'operator' });
  const service = await createApiKey(database, { role: 'service' });
  const customer = await createApiKey(database, { role: 'customer', customerId: 'cus_1' });
  const keys = { operator: operator.key, service: service.key, customer: customer.key };

  const contract = createContract(JSON.parse(JSON.stringify(openApiDocument(app))) as Document);

  return {
    operatorKeyId: operator.keyId,
    fetch: (request) => app.fetch(request),
    keys,
    async call(method, path, { as, json, body, headers = {} } = {}) {
      const response = await app.request(path, {
        method,
        headers: {
          ...(as && { authorization: `Bearer ${keys[as]}` }),
          ...((json ?? body) !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
        ...(body !== undefined && { body, duplex: 'half' }),
      });
      const text = await response.text();
      const isJson = text !== '' && response.headers.get('content-type')?.includes('json');
      const answer = isJson ? (JSON.parse(text) as Record<string, unknown>) : null;
      const { status, headers: answered } = response;
      const violations = contract.violations({ method, path, json, status, headers: answered, text });
      assertAllowed(violations);
      return { status: response.status, headers: response.headers, text, body: answer };
    },
  };
}
