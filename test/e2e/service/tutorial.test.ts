import { mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { writeStackFile } from '../../../dev/stack/stack-file';
import { dataFolder, type E2eStack, startE2eStack } from '../../support/e2e-stack';

interface Block {
  readonly commands: string;
  /** Each line is in the output; `…` is anything. */
  readonly output: string;
}

const DONE = '--- block done ---';
const tutorial = readFileSync(fromRoot('docs', 'tutorial.md'), 'utf8');
const blocks: Block[] = [...tutorial.matchAll(/```sh\n(.*?)```\n(?:\n```text\n(.*?)```\n)?/gs)].map(
  ([, commands = '', output = '']) => ({ commands, output }),
);

let stack: E2eStack;
beforeAll(async () => (stack = await startE2eStack()), 60_000);
afterAll(() => stack?.stop());

/** A clone with a stack that runs, as the reader has it. */
function clone(): string {
  const folder = mkdtempSync(join(dataFolder(), 'tutorial-'));
  for (const name of ['package.json', 'dist', 'node_modules']) symlinkSync(fromRoot(name), join(folder, name));
  mkdirSync(join(folder, '.paysaga'));
  const { services, keys, webhookSecret, processes, provider } = stack;
  const secrets = { api_keys: keys, webhook_secret: webhookSecret };
  writeStackFile(join(folder, '.paysaga'), { services, secrets, processes, provider });
  return folder;
}

const patternOf = (line: string): RegExp =>
  new RegExp(
    line
      .split('…')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\s+/g, '\\s+'))
      .join('.*'),
  );

it('every command of the tutorial does what the tutorial says', async () => {
  expect(blocks.length).toBeGreaterThanOrEqual(8);
  const script = ['set -euo pipefail', ...blocks.map(({ commands }) => `${commands}\necho; echo '${DONE}'`)].join('\n');
  // The addresses are those of stack.json, as for a reader; the namespace alone is not the default one here.
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, TEMPORAL_NAMESPACE: stack.namespace };
  const { code, output } = await run('bash', ['-c', script], { cwd: clone(), env, timeoutMs: 240_000 });
  if (code !== 0) throw new Error(`A command failed:\n${output}`);
  const outputs = output.split(DONE);
  blocks.forEach(({ output: wanted }, index) => {
    for (const line of wanted.split('\n').filter(Boolean)) expect(outputs[index]).toMatch(patternOf(line));
  });
}, 300_000);
