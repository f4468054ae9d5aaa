import { join } from 'node:path';
import { type CommandContext, type Log, print, Problem, runCommand, stage } from './command';
import { DATA } from './os/files';
import { createPorts, PortTaken, type Ports } from './os/ports';
import { startServices } from './services/start-services';
import { ensureSecrets, prepare } from './stack/prepare';
import { startProcesses } from './stack/processes';
import { startProvider, type ProviderProcess } from './stack/provider-process';
import { claimStack, greeting, removeStackFile, writeStackFile } from './stack/stack-file';

/** The API's default port. If another program has it, the next free one is taken. */
const API_PORT = 3000;

async function start({ log, teardown, untilStopped }: CommandContext): Promise<number> {
  const release = claimStack(DATA);
  teardown.add(async () => release());
  const ports = createPorts();
  const port = await givenPort(ports, process.env.PORT);
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
  let onOver: (problem: Problem) => void = () => undefined;
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
        ...(port !== undefined && { PORT: port }),
        PAYMENT_WEBHOOK_SECRET: secrets.webhook_secret,
        ...(process.stdout.isTTY && { LOG_PRETTY: '1' }),
      },
      takePort: () => ports.takeFrom(API_PORT),
      untilReady: true,
      log: output.line,
      restart: true,
      onChange: () => onChange(),
      onOver: (name, reason) => onOver(endedForGood(name, reason)),
    }),
  ).catch((error: unknown) => {
    // A taken port needs only its one sentence.
    if (!(error instanceof PortTaken)) output.release();
    throw error;
  });
  const over = new Promise<never>((_, reject) => {
    onOver = reject;
  });
  onChange = () => writeStackFile(DATA, { services, secrets, processes, provider });
  onChange();
  teardown.add(async () => removeStackFile(DATA));
  print(
    greeting({
      apiUrl: processes.api.url,
      takenPort: port === undefined && !processes.api.url.endsWith(`:${API_PORT}`) ? API_PORT : undefined,
      temporalUrl: services.temporalUiUrl ?? services.temporalAddress,
      databaseUrl: services.databaseUrl,
      kafkaBrokers: services.kafkaBrokers,
      stackFile: join(DATA, 'stack.json'),
      keys: secrets.api_keys,
    }),
  );
  output.release();
  return Promise.race([untilStopped(), over]);
}

/** Holds the first lines of the processes back until the greeting is printed. */
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

/** Returns the port that the user chose, if it is free, or undefined without a choice. @throws PortTaken */
async function givenPort(ports: Ports, wanted: string | undefined): Promise<string | undefined> {
  if (!wanted) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(wanted) || Number(wanted) > 65_535)
    throw new Problem(`PORT is ${wanted}, which is not a port: set it to a number from 1 to 65535, or unset it.`);
  if ((await ports.take(Number(wanted))) !== Number(wanted)) throw new PortTaken(wanted);
  return wanted;
}

const endedForGood = (name: string, reason: string): Problem =>
  new Problem(`The ${name} process ended (${reason}) and is not started again: the line before says why.`);

/** Returns the stack's parties, unless the shell names others. */
const ownProviders = ({ env }: ProviderProcess): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !process.env[name]));

void runCommand(start);
