import { join } from 'node:path';
import { print, runCommand, type CommandContext } from './command';
import { createPorts, type Ports } from './os/ports';
import { Problem } from './os/problem';
import { stage, type Log } from './os/progress';
import { DATA } from './root';
import { claimStack } from './stack/ownership';
import { prepare } from './stack/prepare';
import { startProcesses, type Processes } from './stack/processes';
import { startProvider, type ProviderProcess } from './stack/provider-process';
import { ensureSecrets, type ApiKeys } from './stack/secrets';
import { startServices, type Services } from './stack/stack';
import { removeStackFile, writeStackFile } from './stack/stack-file';

/** The port people expect; the next free one is taken when somebody else has it. */
const API_PORT = 3000;

async function start({ log, teardown, untilStopped }: CommandContext): Promise<number> {
  const release = claimStack(DATA);
  teardown.add(async () => release());
  const ports = createPorts();
  const port = await apiPort(ports, process.env.PORT);
  const services = await startServices({ dataDir: DATA, log, teardown, ports, wellKnownPorts: true });
  const [databaseUrls, secrets] = await stage(
    log,
    'migrations, catalogue, topics, search attributes, schedules, keys',
    async () => {
      const databaseUrls = await prepare(services);
      return [databaseUrls, await ensureSecrets(DATA, services.databaseUrl)] as const;
    },
  );

  const output = createHeldOutput(print);
  let onChange = (): void => undefined;
  const provider = await stage(log, 'test payment provider and carrier', () =>
    startProvider({ dataDir: DATA, books: 'provider', teardown, log: output.line, restart: true }),
  );
  const processes = await stage(log, 'api, worker and consumer', () =>
    startProcesses({
      services,
      databaseUrls,
      dataDir: DATA,
      teardown,
      env: {
        ...ownProviders(provider),
        PORT: String(port),
        PAYMENT_WEBHOOK_SECRET: secrets.webhook_secret,
        ...(process.stdout.isTTY && { LOG_PRETTY: '1' }),
      },
      log: output.line,
      restart: true,
      onChange: () => onChange(),
    }),
  ).catch((error: unknown) => {
    output.release();
    throw error;
  });
  onChange = () => writeStackFile(DATA, { services, secrets, processes, provider });
  onChange();
  teardown.add(async () => removeStackFile(DATA));
  greet(services, processes, secrets.api_keys);
  output.release();
  return untilStopped();
}

/** Keeps the processes' first lines behind the greeting. */
function createHeldOutput(write: Log): { line: Log; release: () => void } {
  let held: string[] | undefined = [];
  return {
    line: (line) => (held ? void held.push(line) : write(line)),
    release() {
      held?.forEach(write);
      held = undefined;
    },
  };
}

async function apiPort(ports: Ports, wanted: string | undefined): Promise<number> {
  if (!wanted) return ports.takeFrom(API_PORT);
  if (!/^[1-9]\d{0,4}$/.test(wanted) || Number(wanted) > 65_535)
    throw new Problem(`PORT is ${wanted}, which is no port: set one between 1 and 65535, or unset it.`);
  if ((await ports.take(Number(wanted))) === Number(wanted)) return Number(wanted);
  throw new Problem(
    `Port ${wanted} is taken: \`ss -ltnp 'sport = :${wanted}'\` shows by whom; choose another by PORT, or unset it.`,
  );
}

/** Those that the shell names go before. */
const ownProviders = ({ env }: ProviderProcess): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !process.env[name]));

function greet(services: Services, { api }: Processes, keys: ApiKeys): void {
  print(`
paysaga runs.

  API             ${api.url}  (read ${api.url}/docs)
  Temporal        ${services.temporalUiUrl ?? services.temporalAddress}
  PostgreSQL      ${services.databaseUrl}
  Kafka           ${services.kafkaBrokers}
  keys, pids      ${join(DATA, 'stack.json')}

Place an order:

  curl -s ${api.url}/orders \\
    -H 'Authorization: Bearer ${keys.service}' \\
    -H 'Content-Type: application/json' \\
    -d '{"customer_id": "cus_demo", "product_sku": "vps.s", "amount": 9900}'

Ctrl-C ends everything; the data stays in .paysaga/ until \`npm run reset\`.
`);
}

void runCommand(start);
