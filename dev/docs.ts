import { readFileSync, writeFileSync } from 'node:fs';
import { runCommand } from './command';
import { contentOf, references } from './docs/references';
import { fromRoot } from './os/files';

/** Writes the documents that are generated from the code. */
void runCommand(async ({ log }) => {
  for (const reference of references) {
    const content = await contentOf(reference);
    const isNew = content !== contentAt(fromRoot(reference.path));
    if (isNew) writeFileSync(fromRoot(reference.path), content);
    log(`${isNew ? 'Wrote' : 'Unchanged:'} ${reference.path}`);
  }
  return 0;
});

function contentAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
