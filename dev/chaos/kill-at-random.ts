import { setTimeout as delay } from 'node:timers/promises';
import { eventually, must } from '../client/eventually';
import type { ProcessName } from '../stack/process-environment';
import type { Processes } from '../stack/processes';

export interface KillAtRandomOptions {
  readonly processes: Processes;
  readonly kills: number;
  /** The kills fall somewhere into this long. */
  readonly durationMs: number;
  readonly random: () => number;
}

export type Kills = Record<ProcessName, number>;

/** One of them is back sooner than this: the longest pause before a restart is 5 s. */
const SOME_RUN_WITHIN_MS = 30_000;

/** Kills one of the processes that run, again and again at random moments, by SIGKILL. @returns who died how often */
export async function killAtRandom({ processes, kills, durationMs, random }: KillAtRandomOptions): Promise<Kills> {
  const killed: Kills = { api: 0, worker: 0, consumer: 0 };
  const moments = Array.from({ length: kills }, () => random() * durationMs).sort((one, other) => one - other);
  const began = performance.now();
  for (const moment of moments) {
    await delay(Math.max(0, began + moment - performance.now()));
    const name = await pickRunning(processes, random());
    await processes.kill(name);
    killed[name] += 1;
  }
  return killed;
}

const NAMES: readonly ProcessName[] = ['api', 'worker', 'consumer'];

function pickRunning(processes: Processes, chance: number): Promise<ProcessName> {
  return eventually(
    () => {
      const running = NAMES.filter((name) => processes.isRunning(name));
      const picked = running[Math.floor(chance * running.length)];
      must(picked !== undefined, 'none of the processes runs');
      return picked;
    },
    { deadlineMs: SOME_RUN_WITHIN_MS },
  );
}
