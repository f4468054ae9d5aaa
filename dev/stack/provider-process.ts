import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProviderCharge } from '../../src/payments/providers/provider';
import type { BookedCharge } from '../../testing/checker/snapshot.sql';
import type { Behaviour } from '../../testing/provider/behaviour';
import type { BookedShipment } from '../../testing/provider/carrier';
import { type Log, Problem, type Teardown } from '../command';
import { fromRoot } from '../os/files';
import { createPorts, waitUntil } from '../os/ports';
import { superviseProcess } from './supervised-process';

/** The options of {@link startProvider}. */
export interface ProviderOptions {
  /** The folder of its pid file and its books. */
  readonly dataDir: string;
  /** The name under which its books survive a restart of the stack. Defaults to books that end with the stack. */
  readonly books?: string;
  /** Gets each line of its output, after its name. */
  readonly log: Log;
  /** Whether to restart it when it dies. */
  readonly restart: boolean;
  /** Stops it after everything that is added later. */
  readonly teardown: Teardown;
}

/** An account of the test provider. */
export type Account = 'test' | 'standby';

/** The test provider and carrier of one stack, as one process. */
export interface ProviderProcess {
  readonly pid: number;
  readonly url: string;
  /** The variables that make the three processes use it. */
  readonly env: Readonly<Record<'PAYMENT_PROVIDERS' | 'CARRIER_URL', string>>;
  isRunning(): boolean;
  /** Sends a signal, by default SIGKILL. It restarts only if `restart` is on. Its books stay. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it when it does not run. Resolves when it answers, on its earlier port and with its books. */
  start(): Promise<void>;
  /** Changes how a party responds, from now on or for a number of requests. A restart makes it `normal`. */
  behave(party: Account | 'carrier', behaviour: Behaviour, times?: number): Promise<void>;
  /** Reads the books of an account, in any behaviour. */
  books(account: Account): Promise<{ readonly charges: readonly ProviderCharge[]; readonly voided: readonly string[] }>;
  /** Reads the charges of both accounts. */
  allBooks(): Promise<readonly BookedCharge[]>;
  bookings(): Promise<readonly BookedShipment[]>;
}

const START_TIMEOUT_MS = 30_000;
const PATHS = { test: '', standby: '/standby', carrier: '/carrier' } as const;

/** Starts the process and waits until it answers. @throws Problem when it does not; the process is stopped then */
export async function startProvider(options: ProviderOptions): Promise<ProviderProcess> {
  const { dataDir, log, restart, teardown } = options;
  const port = await createPorts().take();
  const url = `http://127.0.0.1:${port}`;
  const name = options.books ?? `provider-${randomBytes(4).toString('hex')}`;
  const journal = join(dataDir, `${name}.jsonl`);

  teardown.assertOpen();
  const running = superviseProcess({
    script: fromRoot('dist', 'testing', 'provider.js'),
    env: { ...process.env, PROVIDER_PORT: String(port), PROVIDER_JOURNAL: journal },
    pidFile: join(dataDir, 'pids', `${name}.pid`),
    log: (line) => log(`${'provider'.padEnd(8)} │ ${line}`),
    restart,
  });
  teardown.add(async () => {
    await running.stop();
    if (options.books === undefined) rmSync(journal, { force: true });
  });

  async function waitUntilUp(): Promise<void> {
    const answers = (): Promise<boolean> => fetch(`${url}/health`).then(({ ok }) => ok);
    const up = await waitUntil(async () => running.isOver() || (await answers()), {
      timeoutMs: START_TIMEOUT_MS,
      everyMs: 25,
    });
    if (!up || running.isOver()) throw new Problem(`The test provider did not come up at ${url}; its output says why.`);
  }

  async function control<T>(party: keyof typeof PATHS): Promise<T> {
    const response = await fetch(`${url}${PATHS[party]}/control`);
    return (await response.json()) as T;
  }

  await waitUntilUp();
  return {
    get pid() {
      return running.pid;
    },
    url,
    env: { PAYMENT_PROVIDERS: `test=${url},standby=${url}/standby`, CARRIER_URL: `${url}/carrier` },
    isRunning: () => running.isRunning(),
    kill: (signal) => running.kill(signal),
    async start() {
      running.start();
      await waitUntilUp();
    },
    async behave(party, behaviour, times) {
      const response = await fetch(`${url}${PATHS[party]}/control`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ behaviour, ...(times !== undefined && { times }) }),
      });
      if (!response.ok) throw new Error(`The test provider answered ${response.status}.`);
    },
    books: control,
    async allBooks() {
      const charged = async (provider: Account): Promise<BookedCharge[]> =>
        (await control<{ charges: readonly ProviderCharge[] }>(provider)).charges.map((one) => ({ ...one, provider }));
      return [...(await charged('test')), ...(await charged('standby'))];
    },
    bookings: async () => (await control<{ bookings: readonly BookedShipment[] }>('carrier')).bookings,
  };
}
