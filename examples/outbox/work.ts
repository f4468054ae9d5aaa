import { openPool } from './database';
import { closeTicket, openTicket } from './tickets';

/** Opens so many tickets, for three customers in turn, and closes every second one. */
async function work(tickets: number): Promise<void> {
  const pool = openPool();
  const began = Date.now().toString(36);
  for (let n = 0; n < tickets; n += 1) {
    const ticketId = `ticket_${began}_${n}`;
    await openTicket(pool, ticketId, `customer_${n % 3}`, 'It does not work');
    if (n % 2 === 0) await closeTicket(pool, ticketId);
  }
  await pool.end();
}

void work(Number(process.argv[2] ?? 10));
