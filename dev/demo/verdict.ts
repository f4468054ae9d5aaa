import { countDuplicates } from '../checker/rules/topics';
import { PATIENCE_MS, type Scene } from './scene';

/** Every promise, judged once more over everything that happened. */
export async function tellVerdict({ checker, narrator, log }: Scene): Promise<void> {
  const { chapter, tell, claim } = narrator;
  chapter('All of it, once more', 'Database and topics, row by row and message by message.');
  await claim('every promise holds: ledger, rows, sagas, topics, consumers, read models', async () => {
    const { orders, sagas, ledger, events, messages } = await checker.holds(PATIENCE_MS);
    const sum = ledger.flatMap(({ entries }) => entries).reduce((total, { amount }) => total + amount, 0);
    tell(`${orders.length} orders, ${sagas.length} sagas, all ended; the ledger sums to ${sum}`);
    tell(`${events.length} events, ${messages.length} messages, ${countDuplicates(messages)} of them duplicates`);
    return `${log.filter((line) => line.includes('ended: SIGKILL')).length} processes were killed`;
  });
}
