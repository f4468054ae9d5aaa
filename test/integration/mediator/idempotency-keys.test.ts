import { createApplication } from '../../../src/application';
import { creditBalance } from '../../../src/billing/credit-balance';
import { claim, keyForRequest, keyForStep } from '../../../src/cqrs/idempotency';
import { createIdempotencyKeys, type IdempotencyKeys, respondOnce } from '../../../src/cqrs/idempotency-keys';
import { inTransaction } from '../../../src/platform/database/database';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createDeferred } from '../../support/deferred';
import { silentLogger } from '../../support/logger';

let test: TestDatabase;
let keys: IdempotencyKeys;

beforeAll(async () => {
  test = await createTestDatabase();
  keys = createIdempotencyKeys({ database: test.database });
});
afterAll(() => test.close());

let sagas = 0;
const nextSaga = (): string => `payment-pay_${++sagas}`;

/** Sends the step `credit_balance` of a saga. */
const credit = (saga_id: string): Promise<unknown> =>
  createApplication({ database: test.database, logger: silentLogger }).send(
    creditBalance({ saga_id, customer_id: 'cus_1', amount: 100, currency: 'EUR' }),
    { idempotencyKey: keyForStep(saga_id, 'credit_balance') },
  );

describe('save', () => {
  it('returns the first response of a key, however often it is called', async () => {
    const key = keyForRequest('key_1', 'POST /first', 'k', {});
    expect(await keys.peek(key)).toBeUndefined();
    expect(await keys.save(key, { n: 1 })).toEqual({ n: 1 });
    expect(await keys.save(key, { n: 2 })).toEqual({ n: 1 });
    expect(await keys.peek(key)).toEqual({ response: { n: 1 } });
  });

  it('refuses a key that was used with another request', async () => {
    await keys.save(keyForRequest('key_1', 'POST /reused', 'k', { n: 1 }), {});
    const other = keyForRequest('key_1', 'POST /reused', 'k', { n: 2 });
    await expect(keys.save(other, {})).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    await expect(keys.peek(other)).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('refuses a key that a transaction which is still open has claimed', async () => {
    const key = keyForRequest('key_1', 'POST /open', 'k', {});
    const [claimed, end] = [createDeferred(), createDeferred()];
    const open = inTransaction(test.database, async (tx) => {
      await claim(tx, key, new Date().toISOString());
      claimed.resolve();
      await end.promise;
    });
    await claimed.promise;
    await expect(keys.save(key, {})).rejects.toMatchObject({ code: 'request_in_progress' });
    end.resolve();
    await open;
  });
});

describe('bar', () => {
  it('bars a step that has not happened: a late attempt is refused', async () => {
    const saga = nextSaga();
    expect(await keys.bar(saga, 'credit_balance')).toBe(false);
    expect(await keys.bar(saga, 'credit_balance')).toBe(false);
    await expect(credit(saga)).rejects.toMatchObject({ code: 'step_undone' });
    await expect(keys.peek(keyForStep(saga, 'credit_balance'))).rejects.toMatchObject({ code: 'step_undone' });
  });

  it('leaves a step that has happened as it is', async () => {
    const saga = nextSaga();
    const credited = await credit(saga);
    expect(await keys.bar(saga, 'credit_balance')).toBe(true);
    expect(await keys.bar(saga, 'credit_balance')).toBe(true);
    expect(await keys.peek(keyForStep(saga, 'credit_balance'))).toEqual({ response: credited });
  });
});

describe('respondOnce', () => {
  it('does the work once, and again after it failed', async () => {
    const key = keyForRequest('key_1', 'POST /work', 'k', {});
    const work = jest.fn().mockRejectedValueOnce(new Error('It failed.')).mockResolvedValue({ done: 1 });
    await expect(respondOnce(keys, key, work)).rejects.toThrow('It failed.');
    expect(await respondOnce(keys, key, work)).toEqual({ done: 1 });
    expect(await respondOnce(keys, key, work)).toEqual({ done: 1 });
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('does the work each time without a key', async () => {
    const work = jest.fn().mockResolvedValue({});
    await respondOnce(keys, undefined, work);
    await respondOnce(keys, undefined, work);
    expect(work).toHaveBeenCalledTimes(2);
  });
});
