import { createServer } from 'node:net';

const TIMEOUT_MS = 2_000;

/** A port of loopback that is free now: the SDK's exporter takes a number, and does not tell the one it took. */
export async function takeLoopbackPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('Loopback has no port.');
  return address.port;
}

/** What Temporal's SDK tells of itself and of workflows, in Prometheus's text format. */
export async function readTemporalMetrics(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`Temporal's exporter answered ${response.status}.`);
  return response.text();
}
