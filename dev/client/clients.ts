import type { ApiKeys } from '../stack/secrets';
import { type ApiClient, createApiClient } from './api-client';

/** The API as each role sees it. */
export interface Clients {
  readonly operator: ApiClient;
  readonly service: ApiClient;
  readonly customer: ApiClient;
  readonly nobody: ApiClient;
}

/** One client for each of the stack's keys, and one without a key. */
export const createClients = (url: string, { operator, service, customer }: ApiKeys): Clients => ({
  operator: createApiClient(url, operator),
  service: createApiClient(url, service),
  customer: createApiClient(url, customer.key),
  nobody: createApiClient(url),
});
