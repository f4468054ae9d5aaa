import { startRelay } from 'paysaga/outbox';
import { openPool, queryable } from './database';
import { openKafka } from './kafka';
import { registry } from './ticket-events';

const pool = openPool();
const relay = startRelay({ database: queryable(pool), kafka: openKafka(), registry });

process.once('SIGTERM', () => void relay.stop());
void relay.ended.then(async ({ published, fencedOff }) => {
  console.log(JSON.stringify({ published, fenced_off: fencedOff }));
  await pool.end();
});
