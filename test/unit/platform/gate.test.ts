import { createGate } from '../../../src/platform/shared-work';
import { createDeferred } from '../../support/deferred';

describe('a gate', () => {
  it('lets no more in at once than its size, and the others in their order', async () => {
    const gate = createGate(2);
    const began: number[] = [];
    const ends = [createDeferred(), createDeferred(), createDeferred(), createDeferred()];
    const passes = ends.map((end, index) =>
      gate.pass(60_000, async () => {
        began.push(index);
        await end.promise;
        return index;
      }),
    );
    await Promise.resolve();
    expect(began).toEqual([0, 1]);
    ends[1]?.resolve();
    await passes[1];
    ends[2]?.resolve();
    await passes[2];
    expect(began).toEqual([0, 1, 2, 3]);
    ends[0]?.resolve();
    ends[3]?.resolve();
    expect(await Promise.all(passes)).toEqual([0, 1, 2, 3]);
  });

  it('turns away who has waited too long, without beginning the work, and keeps its place for others', async () => {
    const gate = createGate(1);
    const end = createDeferred();
    const first = gate.pass(60_000, () => end.promise);
    const work = jest.fn(async () => 'done');
    expect(await gate.pass(1, work)).toBeUndefined();
    expect(work).not.toHaveBeenCalled();
    const next = gate.pass(60_000, work);
    end.resolve();
    await first;
    expect(await next).toBe('done');
  });

  it('lets who is urgent in before the others that wait', async () => {
    const gate = createGate(1);
    const end = createDeferred();
    const began: string[] = [];
    const pass = (name: string, isUrgent = false) =>
      gate.pass(
        60_000,
        async () => {
          began.push(name);
        },
        isUrgent,
      );
    const all = [gate.pass(60_000, () => end.promise), pass('first'), pass('second'), pass('urgent', true)];
    expect(gate.waiting()).toBe(3);
    end.resolve();
    await Promise.all(all);
    expect(began).toEqual(['urgent', 'first', 'second']);
  });

  it('is free again after work that fails', async () => {
    const gate = createGate(1);
    await expect(gate.pass(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.pass(1, async () => 'done')).toBe('done');
  });
});
