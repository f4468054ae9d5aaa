import { createStatementNames, PLANNED_EACH_TIME } from '../../../src/platform/database/statements';

it('names a statement by its text, the same in every process, whatever came before', () => {
  const [one, other] = [createStatementNames(), createStatementNames()];
  const first = one({ sql: 'SELECT 1' });
  expect(first).toMatch(/^s_[0-9a-f]{32}$/);
  expect(one({ sql: 'SELECT 1' })).toBe(first);
  expect(other({ sql: 'SELECT 2' })).not.toBe(first);
  expect(other({ sql: 'SELECT 1' })).toBe(first);
});

it('names no statement that is planned each time, and no more than its limit', () => {
  const nameOf = createStatementNames(1);
  expect(nameOf({ sql: `${PLANNED_EACH_TIME} SELECT 1` })).toBe('');
  expect(nameOf({ sql: 'SELECT 1' })).not.toBe('');
  expect(nameOf({ sql: 'SELECT 2' })).toBe('');
});
