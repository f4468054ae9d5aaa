#!/usr/bin/env node
import { CommanderError } from 'commander';
import { complain } from './cli/output';
import { createProgram } from './cli/program';

const FAILED = 1;
const USAGE = 2;

const program = createProgram({
  serve: (name) => import(`./${name}.js`),
  outlines: async () => (await import('../workflows/declared-sagas.js')).declaredSagas(),
});

program.parseAsync().catch(async (error: unknown) => {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : USAGE);
  const { explain, isUsageError } = await import('./cli/explain.js');
  complain(explain(error));
  process.exit(isUsageError(error) ? USAGE : FAILED);
});
