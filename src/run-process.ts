import { setMaxListeners } from 'node:events';
import { type Config, ConfigError, loadConfig } from './config';
import { CannotListen } from './platform/listen';
import { createLogger, type Logger } from './platform/logger';
import { exitCodes } from './platform/supervision';
import { wait } from './platform/timing';

/** Stops a process: finishes the work in progress, and takes no new work. */
export type Stop = () => Promise<void>;

/** What a process gets at its start. */
export interface ProcessContext {
  readonly config: Config;
  readonly logger: Logger;
  /** Ends the process with an error, for a failure that it cannot recover from, so that it is restarted. */
  readonly fail: (error: unknown) => void;
  /** Aborts at SIGTERM or SIGINT, even during the start. */
  readonly stopping: AbortSignal;
}

/**
 * Runs one of the three processes: reads the configuration, starts, and stops on SIGTERM or SIGINT within the grace
 * time. Exits with 2 for a wrong configuration, with 3 for a taken port, and with 1 for any other failure.
 */
export async function runProcess(name: string, start: (context: ProcessContext) => Promise<Stop>): Promise<void> {
  const config = configOrExit();
  const logger = createLogger({ name, ...config.log });
  const stopping = new AbortController();
  // Each loop of a process listens to this signal.
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
      // Longer than the grace time of the parts, in case one of them hangs.
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

/** Prints an error that a person must correct, without a stack, and exits. */
function exitWith({ message }: Error, code: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** The time limit for closing connections. At that point no work is left to lose. */
const CLOSE_MS = 2_000;

/** Waits until everything is closed or has failed to close, or until the time limit. */
export async function closeAll(closing: readonly Promise<unknown>[]): Promise<void> {
  await Promise.race([Promise.allSettled(closing), wait(CLOSE_MS)]);
}
