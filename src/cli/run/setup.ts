import { type Say, setUpDatabase, setUpDemo, setUpSchedules, setUpTemporal, setUpTopics } from '../../setup';
import { configure, configureDatabase, configureKafka, configureSchedules, configureTemporal } from '../configure';
import { explain } from '../explain';
import { asDatabaseOperator } from '../operator';
import type { JsonOptions } from '../options';
import { complain, say, sayJson } from '../output';

/** The parts in their order. Each reads only its own settings. */
const parts = {
  database: (tell: Say) => setUpDatabase(configureDatabase(), tell),
  topics: (tell: Say) => setUpTopics(configureKafka(), tell),
  temporal: (tell: Say) => setUpTemporal(configureTemporal(), tell),
  schedules: (tell: Say) => setUpSchedules(configureTemporal(), configureSchedules(), tell),
} as const;

const setUpDemoAsOperator = (tell: Say) => asDatabaseOperator('setup', (send) => setUpDemo(send, tell));

/** A part of `paysaga setup`. */
export type Part = keyof typeof parts;

interface Outcome {
  readonly part: Part | 'demo';
  readonly state: 'done' | 'failed';
  readonly messages: readonly string[];
}

/** Sets up one part. */
export async function setUpPart(part: Part, { json }: JsonOptions): Promise<void> {
  const messages: string[] = [];
  await parts[part](json ? (line) => messages.push(line) : say);
  if (json) sayJson({ parts: [{ part, state: 'done', messages }] });
}

/** Sets up every part. A failed part does not stop the others. */
export async function setUpAll({ json }: JsonOptions): Promise<void> {
  // Reports every wrong setting before anything is created.
  const { demo } = configure();
  const wanted = { ...parts, ...(demo && { demo: setUpDemoAsOperator }) };
  const outcomes: Outcome[] = [];
  for (const [part, setUp] of Object.entries(wanted) as [Outcome['part'], (tell: Say) => Promise<unknown>][]) {
    const messages: string[] = [];
    try {
      await setUp(json ? (line) => messages.push(line) : say);
      outcomes.push({ part, state: 'done', messages });
    } catch (error) {
      messages.push(explain(error));
      outcomes.push({ part, state: 'failed', messages });
      complain(`setup ${part}: ${explain(error)}`);
    }
  }
  if (json) sayJson({ parts: outcomes });
  const failed = outcomes.filter(({ state }) => state === 'failed').map(({ part }) => part);
  if (failed.length > 0) throw new Error(`Not set up: ${failed.join(', ')}. Run \`paysaga setup\` again.`);
}
