import { z } from 'zod';
import { type Handler, handle } from '../../../src/mediator/handler';
import { createMediator } from '../../../src/mediator/mediator';
import { defineQuery, type MessageDefinition } from '../../../src/mediator/message';
import { createEventRegistry, defineEvent } from '../../../src/outbox/event-registry';
import { noNotifier } from '../../../src/outbox/wake-up/wake-up';
import type { Database } from '../../../src/platform/database/database';
import { silentLogger } from '../../support/logger';

const ask = defineQuery({
  name: 'Ask',
  input: z.strictObject({ question: z.string().min(1) }),
  result: z.string(),
  roles: ['operator'],
});
const answer = handle(ask, async ({ question }) => `${question}!`);

/** Queries use no database. */
const noDatabase = {} as Database;
const create = (messages: readonly MessageDefinition[], handlers: readonly Handler[]) =>
  createMediator({
    messages,
    handlers,
    registry: createEventRegistry([]),
    database: noDatabase,
    notifier: noNotifier,
    clock: () => '2026-11-21T00:00:00.000Z',
    logger: silentLogger,
  });

describe('the registry', () => {
  it('does not boot without a handler for every message, and names it', () => {
    expect(() => create([ask], [])).toThrow('No handler for Ask.');
  });

  it('does not boot with two handlers for one message, and names it', () => {
    expect(() => create([ask], [answer, answer])).toThrow('Ask has two handlers.');
  });

  it('does not boot with a handler that nobody declared', () => {
    expect(() => create([], [answer])).toThrow(/Ask has a handler, but is not in the list/);
  });

  it('does not boot with an event type declared twice', () => {
    const event = defineEvent({ type: 'a.b', dataVersion: 1, topic: 't', payload: z.unknown() });
    expect(() => createEventRegistry([event, event])).toThrow('Event type a.b is declared twice.');
  });
});

describe('a message', () => {
  const mediator = create([ask], [answer]);
  const customer = { role: 'customer', keyId: 'k', customerId: 'c' } as const;

  it('is answered by its handler', async () => {
    expect(await mediator.send(ask({ question: 'why' }))).toBe('why!');
  });

  it.each([[{ question: '' }], [{ question: 'x', extra: 1 }], [{}], [null]])(
    'is refused when its data is %j',
    async (data) => {
      const sent = mediator.send(ask(data as { question: string }));
      await expect(sent).rejects.toMatchObject({ code: 'validation_failed' });
    },
  );

  it('tells where its data is wrong by JSON Pointers', async () => {
    const sent = mediator.send(ask({ question: 'x', 'a/b': 1 } as { question: string }));
    await expect(sent).rejects.toMatchObject({ extra: { errors: [{ pointer: '/a~1b', message: 'unknown field' }] } });
  });

  it('is refused to a role that it does not name, and taken from the system', async () => {
    await expect(mediator.send(ask({ question: 'x' }), { principal: customer })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
