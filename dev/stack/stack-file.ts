import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '../os/json-file';
import type { Processes } from './processes';
import type { ProviderProcess } from './provider-process';
import type { Secrets } from './secrets';
import type { ServiceAddresses } from './stack';

/** `.paysaga/stack.json`: what scripts and the CLI need to use the running local stack. */
export interface StackFile extends Secrets {
  readonly api_url: string;
  readonly database_url: string;
  /** `host:port`, several with commas. */
  readonly kafka_brokers: string;
  readonly temporal_address: string;
  readonly temporal_ui_url: string | null;
  /** Of the test payment provider and carrier. */
  readonly provider_url: string;
  /** Each process's address for Prometheus. */
  readonly metrics: Readonly<Record<'api' | 'worker' | 'consumer', string>>;
  /** Each pid is that of the working process itself. */
  readonly processes: Readonly<Record<'api' | 'worker' | 'consumer', { readonly pid: number }>>;
}

const fileIn = (dataDir: string): string => join(dataDir, 'stack.json');

export interface RunningStack {
  readonly services: ServiceAddresses;
  readonly secrets: Secrets;
  readonly processes: Processes;
  readonly provider: Pick<ProviderProcess, 'url'>;
}

/** Replaces the file in one step. */
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

/** The file of the stack that runs in this folder, or undefined when there is none. */
export function readStackFile(dataDir: string): StackFile | undefined {
  return readJson<StackFile>(fileIn(dataDir));
}

/** A stack that does not run has no addresses. */
export function removeStackFile(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true });
}
