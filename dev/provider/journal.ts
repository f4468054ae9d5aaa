import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** What happened, in order, on disk before it is told. Outlives a SIGKILL, though not a power cut (no fsync). */
export interface Journal<Entry> {
  /** What was there when it was opened. */
  readonly past: readonly Entry[];
  append(entry: Entry): void;
  close(): void;
}

/** One JSON object per line. A last line that a kill tore is cut off: nobody was told of it. */
export function openJournal<Entry>(file: string): Journal<Entry> {
  mkdirSync(dirname(file), { recursive: true });
  const content = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const whole = content.slice(0, content.lastIndexOf('\n') + 1);
  if (whole.length < content.length) truncateSync(file, Buffer.byteLength(whole));
  const descriptor = openSync(file, 'a', 0o600);
  return {
    past: whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Entry),
    append: (entry) => void writeSync(descriptor, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(descriptor),
  };
}
