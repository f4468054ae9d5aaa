import { type ApiClient, parseBody, type RequestOptions } from '../../../testing/api-client';
import { type Contract, createContract, type Document } from './contract';
import { wholeDocument } from './document';

let contract: Contract | undefined;

/** The contract of the whole service, made once. */
function serviceContract(): Contract {
  contract ??= createContract(JSON.parse(JSON.stringify(wholeDocument())) as Document);
  return contract;
}

/** The client, which also notes each exchange that the OpenAPI document does not allow. */
export function judgeExchanges(client: ApiClient, violations: string[]): ApiClient {
  const { violations: judge } = serviceContract();
  return {
    async call<Body>(...[method, path, options]: Parameters<ApiClient['call']>) {
      const answer = await client.call<Body>(method, path, options);
      violations.push(...judge({ method, path, ...sent(options), ...answer }));
      return answer;
    },
    async callUntilAnswered<Body>(...[method, path, options]: Parameters<ApiClient['callUntilAnswered']>) {
      const answer = await client.callUntilAnswered<Body>(method, path, options);
      violations.push(...judge({ method, path, ...sent(options), ...answer }));
      return answer;
    },
  };
}

/** A body that was given as text is sent by a test of bad input; where it is accepted it is JSON. */
function sent({ json, body }: RequestOptions = {}): { json?: unknown } {
  if (json !== undefined) return { json };
  return typeof body === 'string' && body !== '' ? { json: parseBody(body) } : {};
}
