import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fromRoot } from '../../dev/os/files';
import { processEnvironment } from '../../dev/stack/process-environment';
import { superviseProcess } from '../../dev/stack/supervised-process';
import { dataFolder, type E2eStack } from './e2e-stack';

export interface AnotherWorker {
  readonly pid: number;
  /** What it has logged so far, line by line. */
  readonly log: readonly string[];
  /** SIGKILL unless told; it does not come back. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

/** One more worker process beside the stack's own, with the same settings. */
export function startAnotherWorker(stack: E2eStack, env: NodeJS.ProcessEnv): AnotherWorker {
  const log: string[] = [];
  const worker = superviseProcess({
    script: fromRoot('dist', 'src', 'worker.js'),
    env: processEnvironment(stack.services, { ...env, TEMPORAL_NAMESPACE: stack.namespace }),
    pidFile: join(dataFolder(), 'pids', `worker-${randomBytes(4).toString('hex')}.pid`),
    log: (line) => void log.push(line),
    restart: false,
  });
  return { pid: worker.pid, log, kill: (signal) => worker.kill(signal), stop: () => worker.stop() };
}
