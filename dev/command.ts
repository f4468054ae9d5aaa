import { explain } from './os/problem';
import type { Log } from './os/progress';
import { createTeardown, type Teardown } from './os/teardown';

export interface CommandContext {
  /** What stands after the command's name. */
  readonly args: readonly string[];
  readonly log: Log;
  /** Run before the program ends, however it ends. */
  readonly teardown: Teardown;
  /** Resolves with the exit code when Ctrl-C or SIGTERM asks the program to end. */
  untilStopped(): Promise<number>;
}

/** Ctrl-C comes twice under npm, from the terminal and forwarded; a later one means hurry. */
const REPEATED_SIGNAL_MS = 1500;

/** Prints a line of progress on standard output. */
export const print: Log = (line) => void process.stdout.write(`${line}\n`);

/** npm hands a SIGTERM to the shell between us and itself, which dies of it without a word to us. */
function whenOrphaned(act: () => void): void {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    act();
  }, 250).unref();
}

/**
 * Runs one command to its end: everything that it started is stopped in order, on an error and on
 * Ctrl-C or SIGTERM at any moment, and what went wrong is said in one sentence.
 */
export async function runCommand(command: (context: CommandContext) => Promise<number>): Promise<never> {
  const teardown = createTeardown((error) => print(`✗ ${explain(error)}`));
  const stopped = new Promise<number>((resolve) => {
    let first: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (first !== undefined && Date.now() - first > REPEATED_SIGNAL_MS) process.exit(1);
      first ??= Date.now();
      resolve(signal === 'SIGINT' ? 130 : 143);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
    whenOrphaned(() => onSignal('SIGTERM'));
    // Whoever read our output has gone, as `head` does.
    process.stdout.on('error', () => onSignal('SIGTERM'));
  });
  let asked = false;
  void stopped.then(() => (asked = true));

  const work = command({
    args: process.argv.slice(2),
    log: print,
    teardown,
    untilStopped: () => stopped,
  }).catch((error: unknown) => {
    if (!asked) process.stderr.write(`\n${explain(error)}\n`);
    return 1;
  });
  const broken = new Promise<number>((resolve) => {
    process.on('uncaughtException', (error) => {
      process.stderr.write(`\n${error.stack}\n`);
      resolve(1);
    });
  });
  const code = await Promise.race([work, stopped, broken]);
  if (asked) print('\nStopping …');
  await teardown.run();
  process.exit(code);
}
