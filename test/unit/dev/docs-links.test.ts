import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fromRoot } from '../../../dev/os/files';

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...['docs', 'docs/adr'].flatMap((folder) =>
    readdirSync(fromRoot(folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  ),
];
const read = (path: string): string => readFileSync(fromRoot(path), 'utf8');

/** As GitHub makes the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
const anchorsIn = (page: string): string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

it.each(pages)('every link of %s leads to a file of the repository, and to a heading that is there', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link = '']) => link);
  const dead = links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(fromRoot(target))) return true;
    return anchor !== undefined && !statSync(fromRoot(target)).isDirectory() && !anchorsIn(target).includes(anchor);
  });
  expect(dead).toEqual([]);
});

const rows = [...read('docs/architecture.md').matchAll(/\[[^\]]+\]\(\.\.\/([^)#]+\.ts)\) *\| (`.+`) *\|$/gm)];

it('the architecture page names functions', () => expect(rows.length).toBeGreaterThan(20));

it.each(rows.map(([, file = '', names = '']) => ({ file, names })))(
  'the architecture page names $names, which $file exports',
  ({ file, names }) => {
    const code = read(file);
    const missing = [...names.matchAll(/`(\w+)`/g)].filter(
      ([, name]) => !new RegExp(`export (const|function|async function) ${name}\\b`).test(code),
    );
    expect(missing).toEqual([]);
  },
);
