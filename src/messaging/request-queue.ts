import RequestQueue from 'kafkajs/src/network/requestQueue';

let mended = false;

/**
 * Mends kafkajs's request queues, of all connections:
 *
 * - They set no timer when there is nothing to wait for. Each answer sets one of minus fifty years, which Node takes
 *   for a millisecond, again and again; from Node 24 on it also warns of it. A queue with requests that wait, or that
 *   is throttled, sets its timer as before.
 * - They say that they are empty also when a connection broke with requests in it. A `disconnect` that began before
 *   waits for that, and would wait without end.
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
