import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import type { FaultPoint } from '../../src/platform/faults';
import { eventually, must } from '../../testing/eventually';
import { armFault } from '../../testing/faults';
import { duration, type Log } from '../command';
import type { FreshStack } from '../stack/fresh-stack';
import type { ProcessName } from '../stack/process-environment';

/** What every chapter uses. */
export interface Scene extends FreshStack {
  readonly narrator: Narrator;
  /** Arms a crash at the point. The result resolves when the process has died there. */
  crashAt(name: ProcessName, point: FaultPoint): Promise<Crash>;
  /** Whether Temporal has the saga's workflow. */
  isStarted(sagaId: string): Promise<boolean>;
  leave(): Promise<void>;
}

/** An armed crash. */
export interface Crash {
  /** Resolves with the pid of the process that died at the point. */
  happened(): Promise<number>;
  /** Resolves with the pid of the process that replaced it. */
  recovered(): Promise<number>;
}

/**
 * The time limit of a wait, in ms. It is long, because the machine may be busy and the relay's heartbeat timeout is 10
 * s.
 */
export const PATIENCE_MS = 45_000;

/** Creates the scene on a fresh stack. */
export async function createScene(stack: FreshStack, narrator: Narrator): Promise<Scene> {
  const connection = await Connection.connect({ address: stack.services.temporalAddress });
  const temporal = new Client({ connection, namespace: stack.namespace });
  const { processes, operator } = stack;
  const isPassed = async (point: FaultPoint): Promise<boolean> => {
    const [fault] = await stack.query<{ times: number }>('SELECT times FROM fault WHERE point = $1', point);
    return fault?.times === 0;
  };

  return {
    ...stack,
    narrator,
    async crashAt(name, point) {
      const { pid } = processes[name];
      await armFault(operator, point, 'crash');
      return {
        happened: () =>
          eventually(
            async () => {
              must(await isPassed(point), `no process passed ${point}`);
              must(processes[name].pid !== pid || !processes.isRunning(name), `${name} did not die at ${point}`);
              return pid;
            },
            { deadlineMs: PATIENCE_MS, everyMs: 20 },
          ),
        recovered: () =>
          eventually(
            () => {
              must(processes[name].pid !== pid && processes.isRunning(name), `${name} was not started again`);
              return processes[name].pid;
            },
            { deadlineMs: PATIENCE_MS },
          ),
      };
    },
    async isStarted(sagaId) {
      try {
        await temporal.workflow.getHandle(sagaId).describe();
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    leave: () => connection.close(),
  };
}

/** Returns the answer, or `undefined` when the connection broke before it. */
export const orBroken = <T>(answer: Promise<T>): Promise<T | undefined> => answer.catch(() => undefined);

/** Prints the demo. */
export interface Narrator {
  /** Begins a chapter with its title and question. */
  chapter(title: string, why: string): void;
  /** Prints a line on what was done or seen. */
  tell(line: string): void;
  /**
   * Checks a claim and prints whether it held.
   * @param verify throws when the claim does not hold; may return figures to print
   */
  claim(what: string, verify: () => Promise<string | void>): Promise<void>;
  /** Runs a chapter to its end. A chapter that fails counts as a claim that did not hold. */
  whole(tellChapter: () => Promise<void>): Promise<void>;
  /** The claims that did not hold, in their order. */
  readonly failed: readonly string[];
  readonly held: number;
}

const BOLD = '\u001b[1m';
const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

/** Creates the demo's printer of short lines. Use colours only on a terminal. */
export function createNarrator(log: Log, colours: boolean): Narrator {
  const style = (code: string, text: string): string => (colours ? `${code}${text}${PLAIN}` : text);
  const failed: string[] = [];
  let held = 0;
  let current = '';

  const fail = (what: string, error: unknown): void => {
    failed.push(what);
    log(`  ✗ ${what}\n    ${error instanceof Error ? error.message : String(error)}`);
  };

  return {
    chapter(title, why) {
      current = title;
      log(`\n${style(BOLD, title)}\n${style(DIM, why)}`);
    },
    tell: (line) => log(`  · ${line}`),
    async claim(what, verify) {
      const began = performance.now();
      try {
        const figures = await verify();
        held += 1;
        const took = performance.now() - began;
        const facts = [figures, took > 1_000 && `waited ${duration(took)}`].filter(Boolean).join('; ');
        log(`  ✓ ${what}${facts && style(DIM, ` (${facts})`)}`);
      } catch (error) {
        fail(what, error);
      }
    },
    whole: (tellChapter) => tellChapter().catch((error: unknown) => fail(`"${current}" runs to its end`, error)),
    failed,
    get held() {
      return held;
    },
  };
}
