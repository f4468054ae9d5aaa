import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createStripeBooks, type Intent, invalid, type StripeBooks, StripeProblem } from './stripe-books';

export interface FakeStripe {
  readonly url: string;
  readonly books: StripeBooks;
  /** What it was asked, in order: `POST /v1/refunds`. */
  readonly requests: readonly string[];
  /** As Stripe does after a day. */
  forgetIdempotencyKeys(): void;
  /** The next request of that kind is done and then answered with this error, or never. */
  spoil(path: RegExp, how: 'lose_answer' | 500): void;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const PAGE = 10;

/**
 * OURS, NOT STRIPE'S: a server that keeps state in Stripe's shapes, for what the stateless `stripe-mock` cannot show. It
 * knows the few calls of the adapter, as Stripe documents them: an intent succeeds or is cancelled once, an
 * idempotency key repeats its first answer (https://docs.stripe.com/api/idempotent_requests). It checks no more than that.
 */
export async function startFakeStripe(): Promise<FakeStripe> {
  const books = createStripeBooks();
  const firstAnswers = new Map<string, Answer>();
  const requests: string[] = [];
  const spoils: { path: RegExp; how: 'lose_answer' | 500 }[] = [];

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]}`);
    void (async () => {
      const { answer, replayed } = await answerOnce(request);
      const at = spoils.findIndex(({ path }) => path.test(`${request.method} ${request.url}`));
      const [spoil] = at < 0 ? [] : spoils.splice(at, 1);
      if (spoil?.how === 'lose_answer') return;
      response.writeHead(spoil ? 500 : answer.status, {
        'content-type': 'application/json',
        'request-id': 'req_fake',
        ...(replayed && { 'idempotent-replayed': 'true' }),
      });
      response.end(JSON.stringify(spoil ? { error: { type: 'api_error' } } : answer.body));
    })();
  });

  async function answerOnce(request: IncomingMessage): Promise<{ answer: Answer; replayed: boolean }> {
    const body = new URLSearchParams(await text(request));
    const key = request.headers['idempotency-key'];
    const known = typeof key === 'string' ? firstAnswers.get(key) : undefined;
    if (known) return { answer: known, replayed: true };
    const answer = answerTo(books, request.method ?? '', new URL(request.url ?? '', 'http://stripe'), body);
    if (typeof key === 'string') firstAnswers.set(key, answer);
    return { answer, replayed: false };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    books,
    requests,
    forgetIdempotencyKeys: () => firstAnswers.clear(),
    spoil: (path, how) => void spoils.push({ path, how }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerTo(books: StripeBooks, method: string, url: URL, body: URLSearchParams): Answer {
  try {
    return { status: 200, body: structuredClone(act(books, `${method} ${url.pathname}`, url.searchParams, body)) };
  } catch (error) {
    if (!(error instanceof StripeProblem)) throw error;
    return { status: error.status, body: { error: { message: error.message, ...error.body } } };
  }
}

function act(books: StripeBooks, route: string, query: URLSearchParams, body: URLSearchParams): unknown {
  const [, id = '', verb] = /\/payment_intents\/(pi_\w+)(?:\/(\w+))?$/.exec(route) ?? [];
  if (route === 'POST /v1/payment_intents') return viewOf(books.create(readIntent(body)));
  if (route === 'GET /v1/payment_intents') return page([...books.intents.values()].reverse(), query);
  if (route === 'GET /v1/payment_intents/search') return search([...books.intents.values()], query.get('query') ?? '');
  if (route === 'POST /v1/refunds') return books.refund(body.get('payment_intent') ?? '');
  if (route === 'GET /v1/refunds') {
    return { object: 'list', has_more: false, data: books.refundsOf(query.get('payment_intent') ?? '') };
  }
  if (verb === 'confirm') return viewOf(books.confirm(id, body.get('payment_method') ?? ''));
  if (verb === 'cancel') return viewOf(books.cancel(id));
  if (id !== '' && verb === undefined) return viewOf(books.get(id));
  throw invalid(`unknown_route ${route}`);
}

function readIntent(body: URLSearchParams): Pick<Intent, 'amount' | 'currency' | 'metadata'> {
  const entries = [...body].flatMap(([name, value]) => {
    const [, key] = /^metadata\[(\w+)\]$/.exec(name) ?? [];
    return key === undefined ? [] : [[key, value] as const];
  });
  const metadata = Object.fromEntries(entries);
  return { amount: Number(body.get('amount')), currency: body.get('currency') ?? '', metadata };
}

const viewOf = ({ charge, ...intent }: Intent) => ({
  ...intent,
  amount_received: intent.status === 'succeeded' ? intent.amount : 0,
  latest_charge: charge,
});

/** Newest first, in small pages. */
function page(newestFirst: readonly Intent[], query: URLSearchParams) {
  const since = Number(query.get('created[gte]') ?? 0);
  const after = query.get('starting_after');
  const all = newestFirst.filter(({ created }) => created >= since);
  const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  return { object: 'list', has_more: from + PAGE < all.length, data: all.slice(from, from + PAGE).map(viewOf) };
}

function search(all: readonly Intent[], query: string) {
  const [, name = '', value = ''] = /^metadata\["(\w+)"\]:"([^"]+)"$/.exec(query) ?? [];
  const data = all.filter(({ metadata }) => metadata[name] === value).map(viewOf);
  return { object: 'search_result', has_more: false, data };
}
