import { shareAnswer } from '../../../src/platform/shared-work';
import { createDeferred } from '../../support/deferred';

describe('a shared answer', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is made once for all who ask while it is made, however long that takes, and for a second after', async () => {
    const answer = createDeferred();
    const make = jest.fn(() => answer.promise);
    const ask = shareAnswer(1_000, make);
    const asked = [ask(), ask()];
    jest.advanceTimersByTime(5_000);
    asked.push(ask());
    answer.resolve();
    await Promise.all(asked);
    jest.advanceTimersByTime(999);
    await ask();
    expect(make).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(1);
    await ask();
    expect(make).toHaveBeenCalledTimes(2);
  });

  it('is made again at once where it failed', async () => {
    const make = jest.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValueOnce('there');
    const ask = shareAnswer(1_000, make);
    await expect(ask()).rejects.toThrow('away');
    expect(await ask()).toBe('there');
  });
});
