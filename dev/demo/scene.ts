import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import type { FaultPoint } from '../../src/platform/faults/faults';
import { eventually, must } from '../client/eventually';
import { armFault } from '../client/faults';
import type { FreshStack } from '../stack/fresh-stack';
import type { ProcessName } from '../stack/process-environment';
import type { Narrator } from './narrator';

/** What every chapter plays with. */
export interface Scene extends FreshStack {
  readonly narrator: Narrator;
  /** Arms the point; what it resolves with tells when the process has died there. */
  crashAt(name: ProcessName, point: FaultPoint): Promise<Crash>;
  /** Whether Temporal knows the saga's workflow. */
  isStarted(sagaId: string): Promise<boolean>;
  leave(): Promise<void>;
}

export interface Crash {
  /** Resolves with the pid of the process that died at the point. */
  happened(): Promise<number>;
  /** Resolves with the pid of the process that was started in its place. */
  recovered(): Promise<number>;
}

/** Generous: the machine may be busy, and the relay's heartbeat time-out is 10 s. */
export const PATIENCE_MS = 45_000;

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
              must(await isPassed(point), `nobody came to ${point}`);
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

/** The answer, or `undefined` when the connection broke before there was one. */
export const orBroken = <T>(answer: Promise<T>): Promise<T | undefined> => answer.catch(() => undefined);
