declare module 'kafkajs/src/network/requestQueue' {
  /** The part of kafkajs's inner class that `request-queue.ts` mends. */
  class RequestQueue {
    constructor(options: object);
    readonly pending: unknown[];
    throttledUntil: number;
    scheduleCheckPendingRequests(): void;
    maybeThrottle(ms: number): void;
  }
  export = RequestQueue;
}
