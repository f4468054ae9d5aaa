import pino from 'pino';
import { boundedError, logFields } from '../../../src/platform/logger';

it('says an error once, and names it afterwards', () => {
  const error = new TypeError('broken');
  expect(logFields(error)).toEqual({ err: error });
  expect(logFields(error)).toEqual({ error: 'TypeError' });
  expect(logFields(new TypeError('broken'))).toHaveProperty('err');
  expect(logFields('text')).toEqual({ err: 'text' });
});

it('bounds a line, however long the error is', () => {
  const lines: string[] = [];
  const logger = pino({ serializers: { err: boundedError } }, { write: (line: string) => void lines.push(line) });
  const cause = new Error('y'.repeat(1_000_000));
  logger.error(
    { err: Object.assign(new Error('x'.repeat(1_000_000), { cause }), { code: '22P02', rows: [cause] }) },
    'failed',
  );
  logger.error({ err: 'text' }, 'failed');
  expect(lines[0]?.length).toBeLessThan(15_000);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ err: { type: 'Error', code: '22P02' } });
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({ err: 'text' });
});
