import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The workflows of this version: built by `npm run build`; without it (in tests), the SDK bundles the code now. */
export function workflowCode(): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const codePath = join(__dirname, '..', '..', 'workflow-bundle.js');
  return existsSync(codePath)
    ? { workflowBundle: { codePath } }
    : { workflowsPath: require.resolve('../../../workflows') };
}
