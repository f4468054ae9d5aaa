import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { createJsonClient } from '../../../src/platform/json-client';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function askOf(listener: RequestListener, credentials = ''): Promise<unknown> {
  const listening = createServer(listener);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const url = `http://${credentials}127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const ask = createJsonClient({ name: 'Party', url, refusals: { payment_declined: 'It says no.' } });
  const answer = z.object({ ref: z.string() });
  return ask({ method: 'POST', path: '/things', json: { a: 1 }, signal: new AbortController().signal, answer });
}

const answering =
  (status: number, body: string): RequestListener =>
  (_request, response) => {
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end(body);
  };

it('sends JSON and gives the answer, without what it was not asked for', async () => {
  let sent = '';
  const answer = await askOf((request, response) => {
    request.on('data', (chunk: Buffer) => void (sent += chunk.toString()));
    request.on('end', () => response.end('{"ref": "r_1", "more": true}'));
  });
  expect(answer).toEqual({ ref: 'r_1' });
  expect(JSON.parse(sent)).toEqual({ a: 1 });
});

it.each([
  ['', undefined],
  ['us%40er:p%3Ass@', `Basic ${Buffer.from('us@er:p:ss').toString('base64')}`],
])('sends the credentials of its address "%s" as HTTP Basic', async (credentials, expected) => {
  let sent: string | undefined;
  await askOf((request, response) => {
    sent = request.headers.authorization;
    response.end('{"ref": "r_1"}');
  }, credentials);
  expect(sent).toBe(expected);
});

it('gives a refusal that it knows, in our words', async () => {
  const refused = askOf(answering(402, '{"code": "payment_declined", "detail": "<b>theirs</b>"}'));
  await expect(refused).rejects.toMatchObject({ name: 'Refusal', code: 'payment_declined', detail: 'It says no.' });
});

it.each([
  ['a refusal that it does not know', 422, '{"code": "other"}'],
  ['the name of what every object has', 422, '{"code": "constructor"}'],
  ['an error without JSON', 404, '<html>'],
  ['a known refusal with a status that says fault', 503, '{"code": "payment_declined"}'],
  ['success in another shape', 200, '{"ref": 1}'],
  ['success without JSON', 200, 'fine'],
  ['a way to somebody else', 302, ''],
])('takes %s for a fault, not for an answer', async (_what, status, body) => {
  await expect(askOf(answering(status, body))).rejects.toMatchObject({ name: 'Error' });
});

it('says whom it cannot reach, and keeps the cause', async () => {
  const error = await askOf((request) => void request.socket.destroy()).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: 'Party cannot be reached, or its answer was cut off.' });
  expect(error).toHaveProperty('cause.message', 'fetch failed');
});
