import { z } from 'zod';
import { Refusal, type RefusalCode } from './refusal';

/** The options of {@link createJsonClient}. */
export interface JsonClientOptions {
  /** The name of the party, for errors. */
  readonly name: string;
  /** The base URL of the party. A user and password in it are sent as HTTP Basic. */
  readonly url: string;
  /** The codes that the party may refuse with, each with a sentence for people. Any other error response is a fault. */
  readonly refusals: Readonly<Partial<Record<RefusalCode, string>>>;
}

/** A request whose response has the type `T`. */
export interface JsonRequest<T> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly json?: unknown;
  readonly signal: AbortSignal;
  /** The schema of a successful response. */
  readonly answer: z.ZodType<T>;
}

/**
 * Sends one request and returns its checked response.
 *
 * @throws Refusal for a 4xx response whose `code` is a known refusal; any other error leaves open what happened
 */
export type JsonClient = <T>(request: JsonRequest<T>) => Promise<T>;

const refused = z.object({ code: z.string() });

/** Creates a client for one party's HTTP API. Every response is checked against its schema. */
export function createJsonClient({ name, url, refusals }: JsonClientOptions): JsonClient {
  const { base, headers } = withoutCredentials(url);
  return async function ask({ method, path, json, signal, answer }) {
    const { status, body } = await exchange(name, `${base}${path}`, {
      method,
      signal,
      redirect: 'error',
      headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    if (status >= 200 && status < 300) {
      const parsed = answer.safeParse(body);
      if (parsed.success) return parsed.data;
      throw new Error(`${name} answered ${method} ${path} with an unexpected body.`);
    }
    const code = status < 500 ? refused.safeParse(body).data?.code : undefined;
    for (const [known, detail] of Object.entries(refusals)) {
      if (known === code) throw new Refusal(known as RefusalCode, detail);
    }
    throw new Error(`${name} answered ${method} ${path} with ${status}.`);
  };
}

async function exchange(name: string, url: string, init: RequestInit): Promise<{ status: number; body: unknown }> {
  try {
    const response = await fetch(url, init);
    const text = await response.text();
    return { status: response.status, body: parse(text) };
  } catch (error) {
    throw new Error(`${name} cannot be reached, or its answer was cut off.`, { cause: error });
  }
}

/** Separates credentials from a URL, because `fetch` takes no URL with credentials. */
function withoutCredentials(url: string): { base: string; headers: Record<string, string> } {
  const parsed = new URL(url);
  const credentials = [parsed.username, parsed.password].map(decodeURIComponent).join(':');
  if (credentials === ':') return { base: url, headers: {} };
  parsed.username = parsed.password = '';
  const base = parsed.href.replace(/\/$/, '');
  return { base, headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
