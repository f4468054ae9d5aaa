/** Prints what Redocly's linter says about the OpenAPI document on the standard input, one line each. It is an ES module. */
import { text } from 'node:stream/consumers';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const config = await createConfig({
  extends: ['recommended'],
  // A probe has no request that could be wrong. The id of an outbox row is a number, and `replays` is none.
  rules: { 'operation-4xx-response': 'off', 'no-ambiguous-paths': 'off' },
});
const source = await text(process.stdin);
const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
for (const { ruleId, message, location } of problems) {
  process.stdout.write(`${ruleId}: ${message} ${location[0]?.pointer ?? ''}\n`);
}
