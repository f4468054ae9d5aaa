import * as markdown from 'prettier/plugins/markdown';
import { format } from 'prettier/standalone';
import { renderCli } from './cli';

export interface Reference {
  /** From the root of the clone. */
  readonly path: string;
  /** The content, as Markdown that need not be formatted. */
  readonly render: () => string;
}

/** Every document that is written from the code. */
export const references: readonly Reference[] = [{ path: 'docs/cli.md', render: renderCli }];

/** The content of the file, formatted as `npm run check` wants it. */
export const contentOf = ({ render }: Reference): Promise<string> =>
  format(render(), { parser: 'markdown', plugins: [markdown], printWidth: 120 });
