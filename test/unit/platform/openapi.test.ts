import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { orderRequest } from '../../../testing/shop';
import { createContract, type Document, operationsOf } from '../../support/http/contract';
import { wholeDocument } from '../../support/http/document';

const document = wholeDocument();
const json = JSON.stringify(document);
const read = JSON.parse(json) as Document;
const operations = operationsOf(read);

it('the document passes a public linter without an error or a warning', () => {
  const linter = join(__dirname, '..', '..', 'support', 'http', 'lint-document.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [linter], { input: json, encoding: 'utf8' });
  expect([status, stderr, stdout]).toEqual([0, '', '']);
});

it('no pattern carries a flag or a delimiter', () => {
  const patterns = [...json.matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(([, pattern]) => pattern ?? '');
  expect(patterns.length).toBeGreaterThan(20);
  expect(patterns.filter((pattern) => !pattern.startsWith('^') || !pattern.endsWith('$'))).toEqual([]);
});

it('every operation has a name of its own, a known tag and its own word on security', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(ids).toEqual(ids.filter((id) => id !== undefined && /^[a-z][A-Za-z]+$/.test(id)));
  expect(new Set(ids).size).toBe(operations.length);
  for (const { operation } of operations) expect(operation).toHaveProperty('security');
});

it('every operation lists its codes by status', () => {
  for (const { name, operation } of operations) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (Number(status) < 400 || name.includes('/health') || status === '405') continue;
      const text = JSON.stringify(response);
      expect([name, status, text.includes('"enum":["')]).toEqual([name, status, true]);
    }
  }
});

it('the example of POST /orders is the order of the demo', () => {
  const { requestBody } = read.paths['/orders']?.post ?? {};
  expect(requestBody?.content['application/json']?.example).toEqual(orderRequest({ customer_id: 'cus_demo' }));
});

it('every example is valid by its own schema, and every request with a body has one', () => {
  expect(createContract(read).badExamples()).toEqual([]);
  const without = operations.filter(({ name, operation }) => {
    const content = operation.requestBody?.content['application/json'];
    return content && !('example' in content) && !name.includes('stripe');
  });
  expect(without.map(({ name }) => name)).toEqual([]);
});
