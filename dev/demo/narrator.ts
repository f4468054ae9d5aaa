import { duration, type Log } from '../os/progress';

export interface Narrator {
  /** Begins a chapter with its question. */
  chapter(title: string, why: string): void;
  /** What was done or seen, a line. */
  tell(line: string): void;
  /**
   * Checks a claim for real and says whether it held.
   * @param verify throws when it did not; may return figures to show
   */
  claim(what: string, verify: () => Promise<string | void>): Promise<void>;
  /** Tells a chapter to its end; one that breaks off counts as a claim that did not hold. */
  whole(tellChapter: () => Promise<void>): Promise<void>;
  /** What did not hold, in the order in which it was found. */
  readonly failed: readonly string[];
  readonly held: number;
}

const BOLD = '\u001b[1m';
const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

/** Tells the demo in short lines; colours only on a terminal. */
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
    whole: (tellChapter) => tellChapter().catch((error: unknown) => fail(`"${current}" is told to its end`, error)),
    failed,
    get held() {
      return held;
    },
  };
}
