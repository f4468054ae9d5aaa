import { disarmFaults } from '../testing/faults';
import { type CommandContext, duration, runCommand, stage } from './command';
import { tellApiCrash, tellRelayCrash, tellWorkerCrash } from './demo/crashes';
import { tellCompensation, tellPayment, tellRandomFaults, tellVerdict } from './demo/payments';
import { createNarrator, createScene } from './demo/scene';
import { startServices } from './services/start-services';
import { startFreshStack, temporaryData } from './stack/fresh-stack';

const CHAPTERS = [
  tellPayment,
  tellCompensation,
  tellRandomFaults,
  tellApiCrash,
  tellWorkerCrash,
  tellRelayCrash,
  tellVerdict,
];
const LAST_LINES = 15;

/**
 * Runs the demo: payments and the three crashes on a fresh stack. It kills real processes and checks each claim against
 * PostgreSQL, Kafka and HTTP. Returns 0 only if every claim held.
 */
async function demo({ log, teardown }: CommandContext): Promise<number> {
  const { dataDir, remove } = await temporaryData();
  teardown.add(remove);
  const services = await startServices({ dataDir, log, teardown });
  const stack = await stage(log, 'migrations, catalogue, topics, keys; api, worker and consumer', () =>
    startFreshStack({ services, dataDir, restart: true }),
  );
  teardown.add(() => stack.stop());
  const narrator = createNarrator(log, process.stdout.isTTY && !process.env.NO_COLOR);
  const scene = await createScene(stack, narrator);
  teardown.add(() => scene.leave());

  const began = performance.now();
  for (const tellChapter of CHAPTERS) {
    await narrator.whole(() => tellChapter(scene));
    await disarmFaults(stack.operator).catch(() => undefined);
  }
  const took = duration(performance.now() - began);
  if (narrator.failed.length === 0) {
    log(`\nAll ${narrator.held} claims held, in ${took}.\n`);
    return 0;
  }
  log(`\n${narrator.failed.length} of ${narrator.held + narrator.failed.length} claims did not hold:`);
  narrator.failed.forEach((claim) => log(`  ✗ ${claim}`));
  log('\nThe last warnings of the processes:');
  stack.log
    .filter((line) => /"level":"(warn|error|fatal)"/.test(line))
    .slice(-LAST_LINES)
    .forEach(log);
  return 1;
}

void runCommand(demo);
