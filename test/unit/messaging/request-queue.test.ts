import RequestQueue from 'kafkajs/src/network/requestQueue';
import { mendRequestQueues } from '../../../src/kafka/socket';

const quietLogger = { debug: () => undefined };

describe('the request queues of kafkajs', () => {
  let delays: number[];
  beforeEach(() => {
    mendRequestQueues();
    delays = [];
    jest.spyOn(global, 'setTimeout').mockImplementation((_run, ms) => {
      delays.push(ms ?? 0);
      return 1 as never;
    });
  });
  afterEach(() => jest.restoreAllMocks());
  const queue = () => new RequestQueue({ maxInFlightRequests: 1, logger: quietLogger });

  it('set no timer when nothing waits', () => {
    queue().scheduleCheckPendingRequests();
    expect(delays).toEqual([]);
  });

  it('look again soon when a request waits for another', () => {
    const waiting = queue();
    waiting.pending.push({});
    waiting.scheduleCheckPendingRequests();
    expect(delays).toEqual([10]);
  });

  it('wait for the end of a throttle', () => {
    const throttled = queue();
    throttled.maybeThrottle(5_000);
    throttled.scheduleCheckPendingRequests();
    expect(delays).toHaveLength(1);
    expect(delays[0]).toBeGreaterThan(4_000);
  });

  it('let a disconnect go on when the connection breaks with requests in it', async () => {
    const broken = queue();
    broken.pending.push({ rejected: () => undefined });
    const emptied = broken.waitForPendingRequests();
    broken.rejectAll(new Error('The connection broke.'));
    await expect(emptied).resolves.toBeUndefined();
  });
});
