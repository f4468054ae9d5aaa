import type { Measurement } from './measurement';
import { getOrder } from './orders/get-order';
import { postIdempotent } from './orders/post-idempotent';
import { postOrders } from './orders/post-orders';
import { relay } from './relay/relay';
import { relayActivity } from './relay/relay-activity';
import { saga } from './saga/saga';

/** Every measurement there is, in the order in which they run. */
export const measurements: readonly Measurement[] = [relay, relayActivity, postOrders, postIdempotent, getOrder, saga];
