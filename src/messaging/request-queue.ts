import RequestQueue from 'kafkajs/src/network/requestQueue';

let mended = false;

/**
 * Patches kafkajs's request queues, of all connections:
 *
 * - A queue sets no timer when nothing waits. kafkajs sets one of minus fifty years after each answer, which Node runs
 *   after a millisecond, again and again; Node 24 also warns of it. A queue with waiting requests, or a throttled one,
 *   sets its timer as before.
 * - A queue reports that it is empty also when its connection broke with requests in it. An earlier `disconnect` waits
 *   for that, and would wait without end.
 */
export function mendRequestQueues(): void {
  if (mended) return;
  mended = true;
  const { prototype } = RequestQueue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleWhenThereIsSomething() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
  const rejectAll = prototype.rejectAll;
  prototype.rejectAll = function rejectAllAndSaySo(error) {
    rejectAll.call(this, error);
    this.emit('requestQueueEmpty');
  };
}
