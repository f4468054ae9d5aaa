import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiKeys } from '../../testing/api-client';
import { hasCode, Problem } from '../command';
import { readJson, writeJson } from '../os/files';
import { identify, isAlive, type ProcessIdentity } from '../os/pid-file';
import type { ServiceAddresses } from '../services/start-services';
import type { Secrets } from './prepare';
import type { Processes } from './processes';
import type { ProviderProcess } from './provider-process';

/** The content of `.paysaga/stack.json`: what scripts and the CLI need to use the running local stack. */
export interface StackFile extends Secrets {
  readonly api_url: string;
  readonly database_url: string;
  /** The address as `host:port`, or several separated by commas. */
  readonly kafka_brokers: string;
  readonly temporal_address: string;
  readonly temporal_ui_url: string | null;
  /** The URL of the test payment provider and carrier. */
  readonly provider_url: string;
  /** The metrics address of each process. */
  readonly metrics: Readonly<Record<'api' | 'worker' | 'consumer', string>>;
  /** The pid of each process itself, not of a wrapper. */
  readonly processes: Readonly<Record<'api' | 'worker' | 'consumer', { readonly pid: number }>>;
}

const fileIn = (dataDir: string): string => join(dataDir, 'stack.json');

/** The parts of a running stack. */
export interface RunningStack {
  readonly services: ServiceAddresses;
  readonly secrets: Secrets;
  readonly processes: Processes;
  readonly provider: Pick<ProviderProcess, 'url'>;
}

/** Writes the file in one step. */
export function writeStackFile(dataDir: string, { services, secrets, processes, provider }: RunningStack): void {
  const { api, worker, consumer } = processes;
  writeJson(fileIn(dataDir), {
    api_url: api.url,
    database_url: services.databaseUrl,
    kafka_brokers: services.kafkaBrokers,
    temporal_address: services.temporalAddress,
    temporal_ui_url: services.temporalUiUrl ?? null,
    provider_url: provider.url,
    webhook_secret: secrets.webhook_secret,
    api_keys: secrets.api_keys,
    metrics: processes.metrics,
    processes: { api: { pid: api.pid }, worker, consumer },
  } satisfies StackFile);
}

/** Removes the file, because a stack that does not run has no addresses. */
export function removeStackFile(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true });
}

const pidFileIn = (dataDir: string): string => join(dataDir, 'stack.pid');

/** Returns the process that runs a stack in this folder. The file of a killed process does not count. */
export function ownerOf(dataDir: string): ProcessIdentity | undefined {
  const owner = readJson<ProcessIdentity>(pidFileIn(dataDir));
  return owner && isAlive(owner) ? owner : undefined;
}

/**
 * Claims the folder for the stack of this process.
 * @returns a function that releases it
 * @throws Problem when another process has it
 */
export function claimStack(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  const file = pidFileIn(dataDir);
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(identify(process.pid)));
  try {
    link(mine, file, dataDir);
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/** Links the file, which succeeds only if there is none and is complete at once: of two processes, one succeeds. */
function link(mine: string, file: string, dataDir: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      return linkSync(mine, file);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const owner = ownerOf(dataDir);
    if (owner || attempt > 1)
      throw new Problem(
        `paysaga runs here already${owner ? ` (process ${owner.pid})` : ''}: its addresses are in ${join(dataDir, 'stack.json')}; Ctrl-C in its terminal ends it.`,
      );
    rmSync(file, { force: true });
  }
}

/** What the greeting shows. */
export interface GreetingOptions {
  readonly apiUrl: string;
  /** The API's preferred port, if another program has it. */
  readonly takenPort?: number | undefined;
  /** The address of the Web UI, or of the server if the UI's is not known. */
  readonly temporalUrl: string;
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  readonly stackFile: string;
  readonly keys: Pick<ApiKeys, 'service'>;
}

/** Returns shell commands that place an order for 99 EUR and pay it. The second uses the response of the first. */
export const orderCommands = ({ apiUrl, keys }: Pick<GreetingOptions, 'apiUrl' | 'keys'>) => ({
  place: `ORDER=$(curl -s ${apiUrl}/orders \\
  -H 'Authorization: Bearer ${keys.service}' \\
  -H 'Content-Type: application/json' \\
  -d '{"customer_id": "cus_demo", "product_sku": "vps.s", "amount": 9900}'); echo "$ORDER"`,
  pay: `ID=$(echo "$ORDER" | grep -o 'ord_[0-9a-f]*'); INVOICE=$(echo "$ORDER" | grep -o 'inv_[0-9a-f]*')
curl -s ${apiUrl}/invoices/close-after-payment \\
  -H 'Authorization: Bearer ${keys.service}' \\
  -H 'Content-Type: application/json' \\
  -d '{"order_id": "'$ID'", "invoice_id": "'$INVOICE'", "customer_id": "cus_demo",
       "amount": 9900, "currency": "EUR", "payment_id": "pay_for_'$ID'"}'; echo`,
});

/**
 * Returns the text that `npm start` prints when everything is ready: addresses, commands to try, where to look, how to
 * stop.
 */
export function greeting(options: GreetingOptions): string {
  const { apiUrl, takenPort, temporalUrl, databaseUrl, kafkaBrokers, stackFile } = options;
  const { place, pay } = orderCommands(options);
  const why = takenPort === undefined ? '' : `  (another program has port ${takenPort})`;
  return `
paysaga is ready.

  API             ${apiUrl}${why}
  PostgreSQL      ${databaseUrl}
  Kafka           ${kafkaBrokers}
  Temporal        ${temporalUrl}
  keys, pids      ${stackFile}

Place an order:

${indented(place)}

Pay it:

${indented(pay)}

Look at it:

  ${`${apiUrl}/docs`.padEnd(38)}  every route, to try in the browser
  ${temporalUrl.padEnd(38)}  the workflow of each saga
  ${'npx paysaga sagas ls'.padEnd(38)}  the sagas, and where each stands

Ctrl-C stops everything and keeps the data in .paysaga/; \`npm run reset\` removes the data.
`;
}

const indented = (text: string): string => text.replaceAll(/^/gm, '  ');
