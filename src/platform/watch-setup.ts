import type { Logger } from './logger';
import { createBackoff, wait, within } from './timing';

/** Something that `paysaga setup` creates is missing. Waiting does not help. */
export class SetupMissing extends Error {
  override readonly name = 'SetupMissing';

  /**
   * @param what a clause for people
   * @param command the command that creates it, where there is one
   */
  constructor(
    what: string,
    readonly command?: string,
  ) {
    super(command === undefined ? what : `${what}: run \`${command}\``);
  }
}

/** The checks of what a process needs. @throws SetupMissing when it is missing; any other error leaves that open */
export type SetupChecks<Name extends string = string> = Readonly<Record<Name, () => Promise<void>>>;

/** Watches what a process needs. */
export interface SetupWatch<Name extends string = string> {
  /** Resolves when none of these is known to be missing. @throws Error when the signal aborts first */
  until(...names: Name[]): Promise<void>;
  /** Waits for the first check. @throws SetupMissing when it is known to be missing */
  assert(name: Name): Promise<void>;
  /** Returns what is missing now, as sentences that name the commands. */
  missing(): string[];
}

/** The options of {@link watchSetup}. */
export interface WatchSetupOptions<Name extends string> {
  readonly checks: SetupChecks<Name>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The time between two checks while nothing is missing, in ms. Defaults to 10,000. */
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;
const DEADLINE_MS = 5_000;
/** The time between two log lines on the same missing thing. */
const REMIND_MS = 30_000;
const PAUSE = { initialMs: 500, maxMs: 2_000 };

/**
 * Checks again and again what `paysaga setup` creates, and logs what is missing with the command that creates it. A
 * service that does not answer is not missing: the processes wait for it anyway.
 */
export function watchSetup<Name extends string>(options: WatchSetupOptions<Name>): SetupWatch<Name> {
  const { checks, logger, signal, everyMs = EVERY_MS } = options;
  const findings = new Map<Name, SetupMissing>();
  const looks = Object.fromEntries((Object.keys(checks) as Name[]).map((name) => [name, keepLooking(name)])) as Record<
    Name,
    Promise<void>
  >;

  /** Resolves after the first check. */
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

/** Tracks what a process waits for: what is missing, and its work until `begin` is called. */
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
    await within(DEADLINE_MS, check(), () => new Error('There was no answer in time.'));
    return undefined;
  } catch (error) {
    return error instanceof SetupMissing ? error : 'unknown';
  }
}
