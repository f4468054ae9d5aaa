import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type CommandContext, Problem, runCommand, stage } from '../dev/command';
import { type Services, startServices } from '../dev/services/start-services';
import { temporaryData } from '../dev/stack/fresh-stack';
import { burst, burstNeighbour } from './burst';
import { consumer } from './consumer';
import { createBenchStack, type Measurement, type Round } from './measurement';
import { memory } from './memory';
import { besideReaders, getOrder, postIdempotent, postOrders } from './orders';
import { relay, relayActivity, relayBacklog, relayHeld } from './relay';
import { latency } from './relay-latency';
import { describeMachine, type Figures, summarise, table } from './report';
import { saga, sagaLatency } from './saga';

/**
 * Every measurement there is, in the order in which they run: the consumer first, because it would
 * begin with what the relay's measurements leave on its topics.
 */
const measurements: readonly Measurement[] = [
  consumer,
  relay,
  relayActivity,
  relayHeld,
  relayBacklog,
  latency,
  postOrders,
  postIdempotent,
  getOrder,
  besideReaders,
  saga,
  sagaLatency,
  burst,
  burstNeighbour,
  memory,
];

const ROUNDS = '3';

const USAGE = `npm run bench [-- NAME… ] [--json FILE] [--rounds 3] [--profile FOLDER]; NAME: ${measurements.map(({ name }) => name).join(', ')}`;

/**
 * Measures ours against the raw limit, in turn, in three rounds, on fresh services that end with
 * it. The services that variables name are left alone: a million events would go there.
 */
async function bench({ args, log, teardown }: CommandContext): Promise<number> {
  const { names, json, profileDir, roundCount } = parse(args);
  const { dataDir, remove } = await temporaryData();
  teardown.add(remove);
  const env = { ...process.env, DATABASE_URL: '', KAFKA_BROKERS: '', TEMPORAL_ADDRESS: '' };
  const services = await startServices({ dataDir, log, teardown, env });
  const machine = await describeMachine(services.databaseUrl);

  const figures: Figures[] = [];
  for (const measurement of measurements.filter(({ name }) => names.length === 0 || names.includes(name))) {
    figures.push(await measure(measurement, services));
  }
  log(`\n${table(figures, machine)}`);
  const report = `${JSON.stringify({ at: new Date().toISOString(), machine, figures }, null, 2)}\n`;
  if (json === '-') log(`\n${report}`);
  else if (json !== undefined) writeFileSync(json, report);
  return 0;

  async function measure(measurement: Measurement, { ...addresses }: Services): Promise<Figures> {
    const { name } = measurement;
    const stack = await createBenchStack({
      services: addresses,
      name,
      dataDir,
      log,
      teardown,
      ...(profileDir !== undefined && { profileDir }),
    });
    const round = await stage(log, `${name}: prepare`, () => measurement.prepare(stack));
    const rounds: Round[] = [];
    for (let count = 1; count <= roundCount; count += 1) {
      rounds.push(await stage(log, `${name}: round ${count} of ${roundCount}`, round));
    }
    await stack.teardown.run();
    return summarise(measurement, rounds);
  }
}

interface Options {
  readonly names: string[];
  readonly roundCount: number;
  readonly json?: string;
  readonly profileDir?: string;
}

function parse(args: readonly string[]): Options {
  const options = {
    json: { type: 'string' },
    profile: { type: 'string' },
    rounds: { type: 'string', default: ROUNDS },
  } as const;
  const { values, positionals } = parseArgsOrExplain(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  const unknown = positionals.filter((name) => measurements.every((measurement) => measurement.name !== name));
  if (unknown.length > 0) throw new Problem(`There is no measurement ${unknown.join(', ')}. Usage: ${USAGE}`);
  const roundCount = Number(values.rounds);
  if (!Number.isInteger(roundCount) || roundCount < 1) throw new Problem(`--rounds is 1, 2, 3… Usage: ${USAGE}`);
  if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true });
  return {
    names: positionals,
    roundCount,
    ...(values.json !== undefined && { json: values.json }),
    ...(values.profile !== undefined && { profileDir: resolve(values.profile) }),
  };
}

function parseArgsOrExplain<T>(parsing: () => T): T {
  try {
    return parsing();
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)} Usage: ${USAGE}`);
  }
}

void runCommand(bench);
