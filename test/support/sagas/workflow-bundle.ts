import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

const root = join(__dirname, '..', '..', '..');
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error };

/** The workflow code as it stands, bundled once per change: test files that run at a time share it. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const folder = join(root, 'dist', 'test-bundles');
  const codePath = join(folder, `${digest()}.js`);
  if (!existsSync(codePath)) {
    const { code } = await bundleWorkflowCode({ workflowsPath: join(root, 'workflows', 'index.ts'), logger: quiet });
    mkdirSync(folder, { recursive: true });
    const unfinished = `${codePath}.${process.pid}`;
    writeFileSync(unfinished, code);
    renameSync(unfinished, codePath);
  }
  return { codePath };
}

function digest(): string {
  const workflows = readdirSync(join(root, 'workflows'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const files = ['package-lock.json', 'src/temporal-contract.ts', ...workflows.map((name) => join('workflows', name))];
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}
