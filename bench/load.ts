import { fork } from 'node:child_process';
import type { Teardown } from '../dev/command';
import { fromRoot } from '../dev/os/files';

/** How a load is put on: closed, so each client sends its next request when it has its answer. */
export interface LoadShape {
  readonly clients: number;
  /** Not counted: connections, caches and compiled code get warm. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoadResult {
  /** Answers per second. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** @throws what a request throws: a load with errors measures nothing */
export async function runClients(
  { clients, warmUpMs, measureMs }: LoadShape,
  request: (client: number) => Promise<void>,
): Promise<LoadResult> {
  const from = performance.now() + warmUpMs;
  const until = from + measureMs;
  const latencies: number[] = [];

  const run = async (client: number): Promise<void> => {
    for (;;) {
      const began = performance.now();
      await request(client);
      const ended = performance.now();
      if (ended > until) return;
      if (ended >= from) latencies.push(ended - began);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => run(client)));

  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    perSecond: sorted.length / (measureMs / 1000),
    p50Ms: percentile(sorted, 0.5),
    p95Ms: percentile(sorted, 0.95),
  };
}

/** Of sorted values; `NaN` of none. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

/**
 * Puts a load on from a separate process, so that making it takes no turn of what is measured.
 * @param program the built program, below `dist/bench/`
 * @throws Error with what a request failed with
 */
export async function runLoad(teardown: Teardown, program: string, spec: LoadSpec): Promise<LoadResult> {
  teardown.assertOpen();
  const child = fork(fromRoot('dist', 'bench', program), { execArgv: [] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  teardown.add(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  const reported = new Promise<LoadReport>((resolve, reject) => {
    child.once('message', (message) => resolve(message as LoadReport));
    child.once('error', reject);
    void ended.then(() => reject(new Error(`The load program ${program} ended without a report.`)));
  });
  child.send(spec);
  const report = await reported;
  await ended;
  if ('error' in report) throw new Error(`The load failed: ${report.error}`);
  return report.result;
}

/** What every load program gets. */
export interface LoadSpec {
  readonly shape: LoadShape;
}

/** What it makes of it: one request of a client, and how it ends. */
export interface Load {
  readonly request: (client: number) => Promise<void>;
  readonly close: () => Promise<void> | void;
}

export type LoadReport = { readonly result: LoadResult } | { readonly error: string };

/**
 * The other side of {@link runLoad}: a program that takes one specification, puts the load on, reports
 * and ends. It ends with its parent, too.
 */
export function runLoadProgram<Spec extends LoadSpec>(open: (spec: Spec) => Promise<Load>): void {
  process.once('disconnect', () => process.exit(1));
  process.once('message', (spec: Spec) => {
    void report(spec).then((answer) => process.send?.(answer, () => process.exit(0)));
  });

  async function report(spec: Spec): Promise<LoadReport> {
    try {
      const load = await open(spec);
      const result = await runClients(spec.shape, load.request);
      await load.close();
      return { result };
    } catch (error) {
      return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  }
}
