import type { ReadableStream } from 'node:stream/web';
import { eventually } from './eventually';

/** A response of the API. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  /** The body as text, to compare it byte by byte. */
  readonly text: string;
  readonly headers: Headers;
  /** The time from the request to the last byte, in ms. */
  readonly ms: number;
}

/** A problem document (RFC 9457), with the members that paysaga adds. */
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

/** The options of a request. */
export interface RequestOptions {
  /** The body, sent as JSON. */
  readonly json?: unknown;
  /** The body, sent unchanged instead of `json`. */
  readonly body?: string | ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The time limit in ms. Defaults to 35,000, which is more than the API itself waits. */
  readonly timeoutMs?: number;
}

/** A method of the API. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A client of the API. */
export interface ApiClient {
  /** Sends one request. @throws TypeError without a whole response: the API is gone, or ended meanwhile */
  call<Body = unknown>(method: Method, path: string, options?: RequestOptions): Promise<Answer<Body>>;
  /** Repeats {@link call} until a response arrives, as a client does after a timeout. */
  callUntilAnswered<Body = unknown>(
    method: Method,
    path: string,
    options: RequestOptions & { readonly deadlineMs: number },
  ): Promise<Answer<Body>>;
}

/** Creates a client of the HTTP API, with one key or without a key. */
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

/** Parses a body. A body that is not JSON (the HTML page, an empty body) stays text. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** One key of each role. */
export interface ApiKeys {
  readonly operator: string;
  readonly service: string;
  readonly customer: { readonly key: string; readonly customer_id: string };
}

/** A client for each role. */
export interface Clients {
  readonly operator: ApiClient;
  readonly service: ApiClient;
  readonly customer: ApiClient;
  readonly nobody: ApiClient;
}

/** Creates a client for each of the stack's keys, and one without a key. */
export const createClients = (url: string, { operator, service, customer }: ApiKeys): Clients => ({
  operator: createApiClient(url, operator),
  service: createApiClient(url, service),
  customer: createApiClient(url, customer.key),
  nobody: createApiClient(url),
});
