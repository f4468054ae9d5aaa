import { readFileSync } from 'node:fs';
import { contentOf, references } from '../../../dev/docs/references';
import { fromRoot } from '../../../dev/os/files';

it.each(references)('$path is what `npm run docs` writes', async (reference) => {
  expect(readFileSync(fromRoot(reference.path), 'utf8')).toBe(await contentOf(reference));
});
