/**
 * Something the person at the terminal can put right: one sentence with the command that helps.
 * Printed alone, without a stack, and the program ends with 1.
 */
export class Problem extends Error {
  override name = 'Problem';
}

/** True for a Node system error with this code, such as `ENOENT` or `EADDRINUSE`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The one sentence for what stopped a command: a {@link Problem} as it is, known system errors explained. */
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

/** Milliseconds as a person reads them: `850 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * Runs one stage and prints its end with its duration; a stage that takes long says every 15 s that
 * it is still at work.
 */
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

/** Stops what was started, newest first. Filled as things start, so it is right at any moment of a start. */
export interface Teardown {
  add(stop: Stop): void;
  /** @throws Problem once it has begun: nothing would stop what is started now */
  assertOpen(): void;
  /** Runs every stop once, also when one fails; a second call waits for the first. Never rejects. */
  run(): Promise<void>;
}

/** @param onError gets the error of a stop that failed; the others still run. */
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
 * As `Promise.all`, but the first failure ends the others early and they are waited for, so that nothing
 * goes on behind the back of whoever cleans up.
 * @throws Problem with every sentence that was said, when all failures are such; else the first failure
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
