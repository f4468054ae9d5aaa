import { join } from 'node:path';
import { Problem } from '../../../dev/command';
import { lastLines, run } from '../../../dev/os/child';
import { cacheDirectory, once } from '../../../dev/os/files';

const VERSION = '4.32.5';

/** A Python that has the fuzzer, from PyPI, installed once for this machine; `undefined` where there is no Python. */
export async function findSchemathesis(): Promise<string | undefined> {
  if ((await run('python3', ['-c', 'import venv, ensurepip'])).code !== 0) return undefined;
  return join(await once(join(cacheDirectory(), `schemathesis-${VERSION}`), install), 'bin', 'python');
}

async function install(into: string): Promise<void> {
  await step('python3', ['-m', 'venv', into]);
  await step(join(into, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `schemathesis==${VERSION}`]);
}

async function step(command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await run(command, args);
  if (code !== 0) throw new Problem(`Schemathesis could not be installed: ${lastLines(output)}`);
}

export interface Fuzzed {
  readonly python: string;
  /** Where the API is. */
  readonly url: string;
  /** An API key; none without it. */
  readonly key?: string;
  readonly maxSeconds: number;
  /** For its files. */
  readonly directory: string;
}

/** Sends what the OpenAPI document allows and what it does not, always the same. @returns what the fuzzer says */
export function fuzz({ python, url, key, maxSeconds, directory }: Fuzzed): ReturnType<typeof run> {
  const args = ['-c', 'from schemathesis.cli import schemathesis; schemathesis()', 'run', `${url}/openapi.json`];
  const options = [
    ...['--checks', 'all', '--exclude-checks', 'positive_data_acceptance'],
    ...['--phases', 'examples,coverage,fuzzing', '--max-examples', '10', '--max-time', String(maxSeconds)],
    ...['--generation-deterministic', '--no-shrink', '--continue-on-failure'],
    ...['--no-color', '--warnings', 'off'],
    ...(key === undefined ? [] : ['--header', `Authorization: Bearer ${key}`]),
  ];
  const env = { ...process.env, SCHEMATHESIS_HOOKS: 'checks', PYTHONPATH: __dirname, PYTHONDONTWRITEBYTECODE: '1' };
  return run(python, [...args, ...options], { cwd: directory, env, timeoutMs: 4 * maxSeconds * 1_000 + 60_000 });
}
