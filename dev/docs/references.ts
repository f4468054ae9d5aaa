import * as markdown from 'prettier/plugins/markdown';
import { format } from 'prettier/standalone';
import { renderCli } from './cli';
import { renderConfiguration, renderEnvExample } from './configuration';
import { renderErrors } from './errors';

export interface Reference {
  /** From the root of the clone. */
  readonly path: string;
  /** The content; Markdown need not be formatted. */
  readonly render: () => string;
}

/** Every document that is written from the code. */
export const references: readonly Reference[] = [
  { path: 'docs/cli.md', render: renderCli },
  { path: 'docs/configuration.md', render: renderConfiguration },
  { path: 'docs/errors.md', render: renderErrors },
  { path: '.env.example', render: renderEnvExample },
];

/** The content of the file, formatted as `npm run check` wants it. */
export async function contentOf({ path, render }: Reference): Promise<string> {
  if (!path.endsWith('.md')) return render();
  return format(render(), { parser: 'markdown', plugins: [markdown], printWidth: 120 });
}
