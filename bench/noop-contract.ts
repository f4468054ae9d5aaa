/** Where the no-op workflows are. */
export const NOOP_TASK_QUEUE = 'noop';
