import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../../testing/provider/provider-app';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paysaga-journal-'));
  file = join(folder, 'new', 'journal.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (...entries: readonly object[]): void => {
  const journal = openJournal<object>(file);
  entries.forEach((entry) => journal.append(entry));
  journal.close();
};

it('gives back in order what was appended before it was opened', () => {
  write({ n: 1 }, { n: 2 });
  write({ n: 3 });
  expect(openJournal(file).past).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

it('forgets a last line that was torn, and goes on behind the whole ones', () => {
  write({ name: 'müller' }, { n: 2 });
  appendFileSync(file, '{"n": 3, "na');
  write({ n: 4 });
  expect(openJournal(file).past).toEqual([{ name: 'müller' }, { n: 2 }, { n: 4 }]);
  expect(readFileSync(file, 'utf8')).not.toContain('na"');
});
