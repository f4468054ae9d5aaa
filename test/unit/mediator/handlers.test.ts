import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApplication } from '../../../src/application';
import type { MessageMaker, MessageMode } from '../../../src/cqrs/message';
import type { Database } from '../../../src/platform/database/database';
import { silentLogger } from '../../support/logger';

type Maker = MessageMaker<unknown, unknown, MessageMode>;

const source = join(__dirname, '..', '..', '..', 'src');
const isMaker = (exported: unknown): exported is Maker => typeof exported === 'function' && 'mode' in exported;

/** Every command and query that a file of `src` exports. */
async function declaredMessages(): Promise<Maker[]> {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(source, file))
    .filter((file) => /= define(Command|Query)\(/.test(readFileSync(file, 'utf8')));
  const modules = await Promise.all(files.map((file) => import(file) as Promise<Record<string, unknown>>));
  return modules.flatMap((exported) => Object.values(exported).filter(isMaker));
}

it('the application has a handler for every command and query that is declared', async () => {
  const mediator = createApplication({ database: {} as Database, logger: silentLogger });
  const messages = await declaredMessages();
  expect(messages.length).toBeGreaterThan(50);
  // A message without data is refused before its handler runs, unless it has none.
  const answers = await Promise.all(
    messages.map((message) => mediator.send(message(undefined)).catch((error: unknown) => error)),
  );
  const codes = answers.map((answer, index) => [messages[index]?.name, answer]);
  expect(codes).toEqual(messages.map(({ name }) => [name, expect.objectContaining({ code: 'validation_failed' })]));
});
