import { inSequence, type Measurement } from '../measurement';
import { relayGroups } from '../../src/outbox/relay/keep-relays-running';
import { drainRate } from './drain';
import { readMessages } from './event-messages';
import { fillEvents } from './fill-outbox';
import { startPlainRelay } from './plain-relay';
import { rawClaimRate } from './raw-claim';
import { createRawSender } from './raw-send';
import { relayOptions } from './relay-options';
import { connectClient } from '../stack/connect-client';

/**
 * Rows per second of the relay on a filled outbox, in plain Node. The limit does in sequence what cannot
 * be left out: claim and delete in one `pg` statement, then kafkajs alone. Above 1 by overlap.
 */
export const relay: Measurement = {
  name: 'relay',
  unit: 'rows/s',
  better: 'higher',
  goal: 0.9,
  async prepare(stack) {
    const { databaseUrl, config, teardown } = stack;
    const client = await connectClient(stack);
    await fillEvents(client);
    const options = relayOptions(stack);
    const { batchSize, shardsPerRelay } = config.outbox;
    const claiming = { databaseUrl, connections: relayGroups(shardsPerRelay), batchSize: batchSize * shardsPerRelay };
    const sender = await createRawSender(config.kafka, await readMessages(client), batchSize);
    teardown.add(() => sender.stop());

    return async function round() {
      const stop = startPlainRelay(options);
      const ours = await drainRate(client).finally(stop);
      const claim = await rawClaimRate(client, claiming);
      const send = await sender.rate();
      return { ours, limit: inSequence(claim, send), parts: { claim, send } };
    };
  },
};
