import { consumer } from './consumer/consumer';
import type { Measurement } from './measurement';
import { memory } from './memory/memory';
import { besideReaders } from './orders/beside-readers';
import { getOrder } from './orders/get-order';
import { postIdempotent } from './orders/post-idempotent';
import { postOrders } from './orders/post-orders';
import { latency } from './relay/latency';
import { relay } from './relay/relay';
import { relayActivity } from './relay/relay-activity';
import { relayBacklog } from './relay/relay-backlog';
import { relayHeld } from './relay/relay-held';
import { burst, burstNeighbour } from './saga/burst';
import { saga } from './saga/saga';
import { sagaLatency } from './saga/saga-latency';

/**
 * Every measurement there is, in the order in which they run: the consumer first, because it would
 * begin with what the relay's measurements leave on its topics.
 */
export const measurements: readonly Measurement[] = [
  consumer,
  relay,
  relayActivity,
  relayHeld,
  relayBacklog,
  latency,
  postOrders,
  postIdempotent,
  getOrder,
  besideReaders,
  saga,
  sagaLatency,
  burst,
  burstNeighbour,
  memory,
];
