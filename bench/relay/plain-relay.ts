import type { OutboxActivitiesOptions } from '../../activities/outbox';
import { relayGroups } from '../../src/outbox/relay/keep-relays-running';
import { runRelay } from '../../src/outbox/relay/relay';

/** All groups' relays in this process, without Temporal. @returns ends them */
export function startPlainRelay(options: OutboxActivitiesOptions): () => Promise<void> {
  const { shardsPerRelay } = options.config;
  const stopping = new AbortController();
  const running = Array.from({ length: relayGroups(shardsPerRelay) }, (_, group) => {
    const shards = Array.from({ length: shardsPerRelay }, (_, index) => group * shardsPerRelay + index);
    const wakeUp = options.listener?.wakeUpFor(shards);
    const endless = { signal: stopping.signal, runForMs: Infinity, heartbeat: () => undefined };
    return runRelay({ ...options, ...(wakeUp && { wakeUp }), ...endless, shards });
  });
  return async function stop() {
    stopping.abort();
    await Promise.all(running);
  };
}
