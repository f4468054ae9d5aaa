import { readFileSync } from 'node:fs';
import { fromRoot } from '../../../dev/os/files';
import { memoryLimits } from '../../../dev/stack/process-environment';

it.each(['api', 'worker', 'consumer'] as const)('the memory of the %s is limited alike wherever it runs', (name) => {
  const { flags, env } = memoryLimits(name);
  const compose = readFileSync(fromRoot('docker-compose.yml'), 'utf8');
  const service = compose.slice(compose.indexOf(`\n  ${name}:\n`));
  expect(service.slice(0, service.indexOf('mem_limit'))).toContain(`MALLOC_ARENA_MAX: ${env.MALLOC_ARENA_MAX}\n`);
  expect(compose).toContain(`['node', ${flags.map((flag) => `'${flag}'`).join(', ')}, 'dist/src/${name}.js']`);
  const row = new RegExp(`\\| ${name} .*\`${flags.join(' ')}\` +\\| ${env.MALLOC_ARENA_MAX} `);
  expect(readFileSync(fromRoot('docs', 'deploy.md'), 'utf8')).toMatch(row);
});
