import RequestQueue from 'kafkajs/src/network/requestQueue';

let quiet = false;

/**
 * Keeps kafkajs's request queues from setting a timer when there is nothing to wait for. Each answer sets one of
 * minus fifty years, which Node takes for a millisecond, again and again; from Node 24 on it also warns of it.
 * A queue with requests that wait, or that is throttled, sets its timer as before.
 */
export function quietRequestQueues(): void {
  if (quiet) return;
  quiet = true;
  const { prototype } = RequestQueue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleWhenThereIsSomething() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
