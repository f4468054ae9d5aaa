import { checkTopics, countDuplicates } from '../checker/rules/topics';
import { must } from '../client/eventually';
import { armFault } from '../client/faults';
import { newClientId, payUntilSettled, placeOrder, untilStatus } from '../client/shop';
import { PATIENCE_MS, type Scene } from './scene';

const ORDERS = 12;
/** Longer than the relay is held back. */
const MANY = 10_000;

/** Crash 3 of the design: Kafka has the batch, and the outbox does not know it. */
export async function tellRelayCrash(scene: Scene): Promise<void> {
  const { service, operator, narrator, checker, crashAt, query } = scene;
  const { chapter, tell, claim } = narrator;
  chapter(
    'Crash 3: the relay dies after Kafka took a batch, before its rows were marked',
    'It cannot know, so it sends again: in order, and every consumer applies each event once.',
  );
  const before = countDuplicates((await checker.holds(PATIENCE_MS)).messages);
  await armFault(operator, 'relay.before_send', 'error', MANY);
  const orders = await Promise.all(Array.from({ length: ORDERS }, () => placeOrder(service)));
  await Promise.all(
    orders.map((order) => payUntilSettled(service, order, { payment_id: newClientId('pay') }, PATIENCE_MS)),
  );
  const [waiting] = await query<{ rows: number }>('SELECT count(*)::int AS rows FROM outbox');
  tell(`${ORDERS} orders placed and paid while the relay is held back: ${waiting?.rows} rows wait in the outbox`);

  const crash = await crashAt('worker', 'relay.after_send');
  await armFault(operator, 'relay.before_send', 'delay_ms');
  tell(`SIGKILL of the worker with its relay, process ${await crash.happened()}, at relay.after_send`);
  await claim('another relay takes its shards over, and nothing is lost', async () => {
    await crash.recovered();
    await Promise.all(orders.map(({ order_id }) => untilStatus(service, order_id, 'FULFILLED', PATIENCE_MS)));
    return `${ORDERS} orders FULFILLED`;
  });

  const snapshot = await checker.holds(PATIENCE_MS);
  await claim('Kafka got events twice: the batch was sent again', async () => {
    const duplicates = countDuplicates(snapshot.messages) - before;
    must(duplicates > 0, 'there is no duplicate');
    return `${duplicates} duplicates among ${snapshot.messages.length} messages`;
  });
  await claim('the order held: first occurrences are versions 1, 2, 3…, repeats are replays', async () => {
    const broken = checkTopics(snapshot);
    must(broken.length === 0, broken.join('; '));
    return `${new Set(snapshot.messages.map(({ topic, key }) => `${topic} ${key}`)).size} keys`;
  });
  await claim('each consumer applied each event once: inbox and effects agree', async () => {
    const wanted = new Set(orders.map(({ order_id }) => order_id));
    const asked = snapshot.messages.filter(({ topic, key }) => /provision_service/.test(topic) && wanted.has(key));
    const provisioned = snapshot.provisionings.filter(({ order_id }) => wanted.has(order_id)).length;
    must(provisioned === ORDERS, `${provisioned} provisioning rows`);
    return `${asked.length} messages asked for ${ORDERS} services, ${provisioned} were provisioned`;
  });
}
