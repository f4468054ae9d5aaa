import { readdirSync, readFileSync } from 'node:fs';
import { fromRoot } from '../../../dev/os/files';

const withoutIndent = (text: string): string => text.replace(/^ +/gm, '').trim();

const example = readdirSync(fromRoot('examples', 'saga'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => withoutIndent(readFileSync(fromRoot('examples', 'saga', file), 'utf8')));

const quotes = [...readFileSync(fromRoot('docs', 'sagas.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
  ([, code = '']) => withoutIndent(code),
);

it('docs/sagas.md quotes the example as it is compiled and tested', () => {
  expect(quotes.length).toBeGreaterThan(5);
  for (const quote of quotes) {
    expect(example.filter((file) => file.includes(quote)).map(() => quote)).toContain(quote);
  }
});
