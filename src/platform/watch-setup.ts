import type { Logger } from './logger';
import { createBackoff, wait, within } from './timing';

/** Something that `paysaga setup` makes is not there. No waiting mends that. */
export class SetupMissing extends Error {
  override readonly name = 'SetupMissing';

  /**
   * @param what a clause, for people
   * @param command the one that mends it, where a command does
   */
  constructor(
    what: string,
    readonly command?: string,
  ) {
    super(command === undefined ? what : `${what}: run \`${command}\``);
  }
}

/** What a process stands on. @throws SetupMissing when something of it is missing; any other error says nothing of that */
export type SetupChecks<Name extends string = string> = Readonly<Record<Name, () => Promise<void>>>;

export interface SetupWatch<Name extends string = string> {
  /** Resolves when nothing of these is known to be missing. @throws Error when the signal aborts first */
  until(...names: Name[]): Promise<void>;
  /** @throws SetupMissing when that is missing, as far as is known after the first look */
  assert(name: Name): Promise<void>;
  /** What is missing now, in words that name the commands. */
  missing(): string[];
}

export interface WatchSetupOptions<Name extends string> {
  readonly checks: SetupChecks<Name>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Between two looks while all is there. Defaults to 10 s. */
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;
const DEADLINE_MS = 5_000;
/** What is missing is logged at once, and again after this long. */
const REMIND_MS = 30_000;
const PAUSE = { initialMs: 500, maxMs: 2_000 };

/**
 * Looks all the while whether what `paysaga setup` makes is there, and logs what is missing, with the command that makes
 * it. A service that does not answer is no finding: the processes wait for it anyway.
 */
export function watchSetup<Name extends string>(options: WatchSetupOptions<Name>): SetupWatch<Name> {
  const { checks, logger, signal, everyMs = EVERY_MS } = options;
  const findings = new Map<Name, SetupMissing>();
  const looks = Object.fromEntries((Object.keys(checks) as Name[]).map((name) => [name, keepLooking(name)])) as Record<
    Name,
    Promise<void>
  >;

  /** Resolves after the first look. */
  function keepLooking(name: Name): Promise<void> {
    return new Promise((looked) => {
      void (async () => {
        const pause = createBackoff(PAUSE);
        let loggedAt = 0;
        while (!signal.aborted) {
          const missing = await look(checks[name]);
          if (missing === 'unknown') {
            looked();
            await wait(pause.next(), signal);
          } else if (missing) {
            const isNew = findings.get(name)?.message !== missing.message;
            findings.set(name, missing);
            looked();
            if (isNew || performance.now() - loggedAt > REMIND_MS) {
              loggedAt = performance.now();
              const { command } = missing;
              logger.error({ missing: missing.message, ...(command !== undefined && { command }) }, 'setup.missing');
            }
            await wait(pause.next(), signal);
          } else {
            if (findings.delete(name)) logger.info({ part: name }, 'setup.completed');
            looked();
            pause.reset();
            await wait(everyMs, signal);
          }
        }
        looked();
      })();
    });
  }

  return {
    async until(...names) {
      await Promise.all(names.map((name) => looks[name]));
      while (names.some((name) => findings.has(name))) {
        if (signal.aborted) throw new Error('Stopped while waiting for what `paysaga setup` makes.');
        await wait(PAUSE.initialMs, signal);
      }
    },
    async assert(name) {
      await looks[name];
      const missing = findings.get(name);
      if (missing) throw missing;
    },
    missing: () => [...findings.values()].map(({ message }) => message),
  };
}

/**
 * What a process waits for: what is missing, and until `begin` is called also that its work has not begun.
 */
export function createReadiness({ missing }: Pick<SetupWatch, 'missing'>) {
  let hasBegun = false;
  return {
    begin(): void {
      hasBegun = true;
    },
    missing: (): string[] => (hasBegun ? missing() : [...missing(), 'The process is starting']),
  };
}

async function look(check: () => Promise<void>): Promise<SetupMissing | 'unknown' | undefined> {
  try {
    await within(DEADLINE_MS, check(), () => new Error('It did not answer in time.'));
    return undefined;
  } catch (error) {
    return error instanceof SetupMissing ? error : 'unknown';
  }
}
