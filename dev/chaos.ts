import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type CommandContext, duration, Problem, runCommand, stage } from './command';
import { chaosEnv, type ChaosReport, runChaos } from './run-chaos';
import { startServices } from './services/start-services';
import { startFreshStack, temporaryData } from './stack/fresh-stack';

/**
 * Runs `npm run chaos [-- --events 10000 --kills 50 --seed N]`: clients place orders while api, worker and consumer are
 * killed at random moments. Then the whole event log and the whole topics are judged. Returns 0 only if every promise
 * held.
 */
async function chaos({ args, log, teardown }: CommandContext): Promise<number> {
  const { events, kills, seed } = readArguments(args);
  const { dataDir, remove } = await temporaryData();
  teardown.add(remove);
  const services = await startServices({ dataDir, log, teardown });
  const stack = await stage(log, 'migrations, catalogue, topics, keys; api, worker and consumer', () =>
    startFreshStack({ services, dataDir, env: chaosEnv, restart: true }),
  );
  teardown.add(() => stack.stop());
  const title = `${events} events, ${kills} SIGKILLs at random moments (--seed ${seed})`;
  tell(await stage(log, title, () => runChaos({ stack, events, kills, seed })), log);
  return 0;
}

function tell(report: ChaosReport, log: (line: string) => void): void {
  const { orders, events, messages, duplicates, duplicatesAtMost, kills, ms } = report;
  log(`\n${orders} orders, ${events} events, in ${duration(ms)}`);
  log(`killed: api ${kills.api}, worker ${kills.worker}, consumer ${kills.consumer} times`);
  log(`${messages} messages on the topics: 0 lost, 0 unknown, 0 out of order`);
  log(`${duplicates} duplicates, at most ${duplicatesAtMost} are explained by the kills; each had one effect\n`);
}

function readArguments(args: readonly string[]) {
  try {
    const options = { events: { type: 'string' }, kills: { type: 'string' }, seed: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    return {
      events: readCount('--events', values.events ?? '10000'),
      kills: readCount('--kills', values.kills ?? '50'),
      seed: readCount('--seed', values.seed ?? String(randomInt(1_000_000))),
    };
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`${(error as Error).message} Usage: npm run chaos [-- --events N --kills N --seed N]`);
  }
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw new Problem(`${name} takes a whole number from 1 to 1000000, not ${text}.`);
  }
  return count;
}

void runCommand(chaos);
