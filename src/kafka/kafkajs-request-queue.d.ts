declare module 'kafkajs/src/network/requestQueue' {
  /** The part of kafkajs's inner class that `request-queue.ts` mends. */
  class RequestQueue {
    constructor(options: object);
    readonly pending: unknown[];
    throttledUntil: number;
    scheduleCheckPendingRequests(): void;
    maybeThrottle(ms: number): void;
    rejectAll(error: Error): void;
    waitForPendingRequests(): Promise<void>;
    emit(event: 'requestQueueEmpty'): void;
  }
  export = RequestQueue;
}
