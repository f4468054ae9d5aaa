import { append } from 'paysaga/outbox';
import type { Pool } from 'pg';
import { transaction } from './database';
import { registry, ticketClosed, ticketOpened } from './ticket-events';

interface Ticket {
  readonly ticket_id: string;
  readonly customer_id: string;
  readonly version: number;
}

/** The ticket, and the event that says so: both, or neither. */
export function openTicket(pool: Pool, ticket_id: string, customer_id: string, subject: string): Promise<string[]> {
  return transaction(pool, async (tx) => {
    await tx.$executeRawUnsafe(
      `INSERT INTO ticket (ticket_id, customer_id, subject, version) VALUES ($1, $2, $3, 1)`,
      ...[ticket_id, customer_id, subject],
    );
    const payload = { ticket_id, customer_id, subject };
    const event = { aggregate_type: 'ticket', aggregate_id: ticket_id, version: 1, type: ticketOpened.type, payload };
    return append(tx, { registry, events: [event] });
  });
}

/** The update locks the ticket's row, so writers of one ticket queue, and its versions are committed in order. */
export function closeTicket(pool: Pool, ticket_id: string): Promise<string[]> {
  return transaction(pool, async (tx) => {
    const [ticket] = await tx.$queryRawUnsafe<Ticket[]>(
      `UPDATE ticket SET closed = true, version = version + 1 WHERE ticket_id = $1 AND NOT closed
       RETURNING ticket_id, customer_id, version`,
      ticket_id,
    );
    if (!ticket) throw new Error(`Ticket ${ticket_id} is not open.`);
    const { customer_id, version } = ticket;
    const payload = { ticket_id, customer_id };
    const event = { aggregate_type: 'ticket', aggregate_id: ticket_id, version, type: ticketClosed.type, payload };
    return append(tx, { registry, events: [event] });
  });
}
