import { setMaxListeners } from 'node:events';
import { type Config, ConfigError, loadConfig } from './config';
import { CannotListen } from './platform/listen';
import { createLogger, type Logger } from './platform/logger';
import { exitCodes } from './platform/supervision';
import { wait } from './platform/timing';

/** What a running process is told at its end: finish what is in hand, take nothing new. */
export type Stop = () => Promise<void>;

export interface ProcessContext {
  readonly config: Config;
  readonly logger: Logger;
  /** Ends the process with an error, to be restarted: for what it cannot recover from by itself. */
  readonly fail: (error: unknown) => void;
  /** Aborted with SIGTERM or SIGINT, also while the process still starts. */
  readonly stopping: AbortSignal;
}

/**
 * Runs one of the three processes: configuration (exit 2 with every error of it), start (exit 3 with one sentence when
 * its port is taken), and an orderly stop on SIGTERM or SIGINT within the grace time. Any other end is exit 1.
 */
export async function runProcess(name: string, start: (context: ProcessContext) => Promise<Stop>): Promise<void> {
  const config = configOrExit();
  const logger = createLogger({ name, ...config.log });
  const stopping = new AbortController();
  // Each loop of a process listens to it.
  setMaxListeners(0, stopping.signal);

  const end = (code: number): void => {
    logger.info({ code }, 'process.ended');
    logger.flush();
    process.exit(code);
  };
  const fail = (error: unknown): void => {
    if (error instanceof CannotListen) return exitWith(error, error.exitCode);
    logger.fatal({ err: error }, 'process.failed');
    end(exitCodes.failed);
  };
  process.once('uncaughtException', fail);
  process.once('unhandledRejection', fail);

  const signalled = new Promise<void>((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      logger.info({ signal, grace_ms: config.shutdownGraceMs }, 'process.stopping');
      stopping.abort();
      // Longer than the parts' own grace, for what hangs in spite of it.
      setTimeout(
        () => fail(new Error('The process did not stop within its grace time.')),
        config.shutdownGraceMs + 5_000,
      ).unref();
      resolve();
    };
    process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  });

  try {
    const stop = await start({ config, logger, fail, stopping: stopping.signal });
    await signalled;
    await stop();
    end(exitCodes.ended);
  } catch (error) {
    if (stopping.signal.aborted) end(exitCodes.ended);
    else fail(error);
  }
}

function configOrExit(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return exitWith(error, exitCodes.configuration);
  }
}

/** For what a person has to set right: its sentence, without a stack. */
function exitWith({ message }: Error, code: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** What a process closes last holds nothing that counts: one that does not answer is left behind after this. */
const CLOSE_MS = 2_000;

/** Waits until all is closed, or has failed to, but not for one that hangs. */
export async function closeAll(closing: readonly Promise<unknown>[]): Promise<void> {
  await Promise.race([Promise.allSettled(closing), wait(CLOSE_MS)]);
}
