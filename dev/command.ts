/**
 * A failure that the user can correct: one sentence with the command that helps. It is printed without a stack, and the
 * exit code is 1.
 */
export class Problem extends Error {
  override name = 'Problem';
}

/** Whether an error is a Node system error with this code, such as `ENOENT` or `EADDRINUSE`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Returns the sentence for a failure: that of a {@link Problem}, or an explanation of a known system error. */
export function explain(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (hasCode(error, 'ENOSPC'))
    return 'The disk is full: free some space (`df -h` shows where) and run the command again.';
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) return `Permission denied: ${(error as Error).message}`;
  if (process.env.DEBUG && error instanceof Error) return error.stack ?? error.message;
  return error instanceof Error ? error.message : String(error);
}

/** Prints one line of progress. */
export type Log = (line: string) => void;

/** Returns a duration for people: `850 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** Runs one stage and prints its title with its duration at the end. A long stage prints a line every 15 s. */
export async function stage<T>(log: Log, title: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const elapsed = (): string => duration(performance.now() - begun);
  const reminder = setInterval(() => log(`… ${title} (${elapsed()})`), 15_000);
  try {
    const result = await work();
    log(`✓ ${title} (${elapsed()})`);
    return result;
  } catch (error) {
    log(`✗ ${title} (${elapsed()})`);
    throw error;
  } finally {
    clearInterval(reminder);
  }
}

type Stop = () => Promise<void>;

/** Stops what was started, newest first. Each start adds its stop, so that the list is right at any moment. */
export interface Teardown {
  add(stop: Stop): void;
  /** Checks that the teardown has not begun. @throws Problem when it has, because nothing would stop a later start */
  assertOpen(): void;
  /** Runs every stop once, even after one fails. A second call waits for the first. Never rejects. */
  run(): Promise<void>;
}

/** Creates an empty teardown. @param onError gets the error of a failed stop; the others still run */
export function createTeardown(onError: (error: unknown) => void = () => undefined): Teardown {
  const stops: Stop[] = [];
  let running: Promise<void> | undefined;

  async function runAll(): Promise<void> {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      await stop().catch(onError);
    }
  }

  return {
    add: (stop) => void stops.push(stop),
    assertOpen() {
      if (running) throw new Problem('The start was interrupted.');
    },
    run: () => (running ??= runAll()),
  };
}

type Results<T extends readonly unknown[]> = Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;

/**
 * Works as `Promise.all`, but waits until all have ended, so that nothing runs during the cleanup. The first failure
 * ends the others early.
 * @throws Problem with all sentences if every failure is a Problem, otherwise the first failure
 */
export async function allOrNone<const T extends readonly Promise<unknown>[]>(
  work: T,
  abort: AbortController,
): Results<T> {
  const failures: unknown[] = [];
  const watched = work.map((promise) =>
    promise.catch((error: unknown) => {
      if (!isAbort(error)) failures.push(error);
      abort.abort();
    }),
  );
  await Promise.all(watched);
  const problems = failures.filter((failure) => failure instanceof Problem);
  if (problems.length > 1) throw new Problem(problems.map(({ message }) => message).join('\n'));
  if (failures.length > 0) throw failures[0];
  return (await Promise.all(work)) as Awaited<Results<T>>;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** What a command gets. */
export interface CommandContext {
  /** The arguments after the command's name. */
  readonly args: readonly string[];
  readonly log: Log;
  /** Runs before the program ends, however it ends. */
  readonly teardown: Teardown;
  /** Resolves with the exit code at Ctrl-C or SIGTERM. */
  untilStopped(): Promise<number>;
}

/** Under npm, Ctrl-C arrives twice, from the terminal and from npm. A later one means an immediate end. */
const REPEATED_SIGNAL_MS = 1500;

/** Prints a line to standard output. */
export const print: Log = (line) => void process.stdout.write(`${line}\n`);

/**
 * Acts when the parent process is gone. npm sends a SIGTERM to the shell between itself and this process, which ends
 * without forwarding it.
 */
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
 * Runs one command to its end. Stops in order what it started, after an error and at Ctrl-C or SIGTERM at any moment.
 * Prints a failure in one sentence.
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
    // The reader of the output has closed it, as `head` does.
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
