import type { OutboxActivitiesOptions } from '../../activities/outbox';
import { relayGroups } from '../../src/outbox/relay/keep-relays-running';
import { runRelay } from '../../src/outbox/relay/relay';

/** All groups' relays in this process, without Temporal. @returns ends them */
export function startPlainRelay(options: OutboxActivitiesOptions): () => Promise<void> {
  const { lanesPerRelay } = options.config;
  const stopping = new AbortController();
  const running = Array.from({ length: relayGroups(lanesPerRelay) }, (_, group) => {
    const lanes = Array.from({ length: lanesPerRelay }, (_, index) => group * lanesPerRelay + index);
    const wakeUp = options.listener?.wakeUpFor(lanes);
    const endless = { signal: stopping.signal, runForMs: Infinity, heartbeat: () => undefined };
    return runRelay({ ...options, ...(wakeUp && { wakeUp }), ...endless, lanes });
  });
  return async function stop() {
    stopping.abort();
    await Promise.all(running);
  };
}
