import type { ReadableStream } from 'node:stream/web';
import { eventually } from './eventually';

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  /** The body as it came, for comparing bytes. */
  readonly text: string;
  readonly headers: Headers;
  /** From the request to the last byte. */
  readonly ms: number;
}

/** An error's body (RFC 9457), with the members that paysaga's own problems have. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly instance: string;
  readonly request_id: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly saga_id?: string;
  readonly failed_step?: string;
}

export interface RequestOptions {
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, instead of `json`. */
  readonly body?: string | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Defaults to 35 s: more than the API itself waits. */
  readonly timeoutMs?: number;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface ApiClient {
  /** @throws TypeError when no whole answer came: the API is gone, or ended in between */
  call<Body = unknown>(method: Method, path: string, options?: RequestOptions): Promise<Answer<Body>>;
  /** As {@link call}, and asks again until an answer came, as a client does after its time-out. */
  callUntilAnswered<Body = unknown>(
    method: Method,
    path: string,
    options: RequestOptions & { readonly deadlineMs: number },
  ): Promise<Answer<Body>>;
}

/** A client of the HTTP API with one key, or with none. */
export function createApiClient(url: string, key?: string): ApiClient {
  async function call<Body>(method: Method, path: string, options: RequestOptions = {}): Promise<Answer<Body>> {
    const { json, body, headers, timeoutMs = 35_000 } = options;
    const began = performance.now();
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...(body !== undefined && { body, duplex: 'half' }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const ms = performance.now() - began;
    return { status: response.status, body: parseBody(text) as Body, text, headers: response.headers, ms };
  }

  return {
    call,
    callUntilAnswered: (method, path, { deadlineMs, ...options }) =>
      eventually(() => call(method, path, options), { deadlineMs }),
  };
}

/** What is no JSON (the readable page, an empty body) stays text. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A key for each role. */
export interface ApiKeys {
  readonly operator: string;
  readonly service: string;
  readonly customer: { readonly key: string; readonly customer_id: string };
}

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
