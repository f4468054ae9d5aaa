import { createEventRegistry, defineEvent } from 'paysaga/outbox';
import { z } from 'zod';

export const topic = 'helpdesk.ticket';

export const ticketOpened = defineEvent({
  type: 'ticket.opened',
  dataVersion: 1,
  topic,
  payload: z.strictObject({ ticket_id: z.string(), customer_id: z.string(), subject: z.string() }),
});

export const ticketClosed = defineEvent({
  type: 'ticket.closed',
  dataVersion: 1,
  topic,
  payload: z.strictObject({ ticket_id: z.string(), customer_id: z.string() }),
});

/** `ce_source` is `/helpdesk`, `ce_type` is `org.example.ticket.opened`. */
export const registry = createEventRegistry([ticketOpened, ticketClosed], {
  source: '/helpdesk',
  typePrefix: 'org.example.',
});
