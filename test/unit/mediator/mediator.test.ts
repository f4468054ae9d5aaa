import { z } from 'zod';
import { createMediator } from '../../../src/cqrs/mediator';
import { defineCommand, defineQuery, handle, type Handler } from '../../../src/cqrs/message';
import { noNotifier } from '../../../src/events/append';
import { createEventRegistry, defineEvent } from '../../../src/events/registry';
import type { Database } from '../../../src/platform/database/database';
import { defineTable } from '../../../src/platform/database/table';
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
const create = (...handlers: Handler[]) =>
  createMediator({
    handlers,
    registry: createEventRegistry([]),
    database: noDatabase,
    notifier: noNotifier,
    clock: () => '2026-11-21T00:00:00.000Z',
    logger: silentLogger,
  });

describe('the registry', () => {
  it('does not boot with two handlers for one message, and names it', () => {
    expect(() => create(answer, answer)).toThrow('Ask has two handlers.');
  });

  it('does not boot with an event type declared twice', () => {
    const event = defineEvent({ type: 'a.b', dataVersion: 1, topic: 't', payload: z.unknown() });
    expect(() => createEventRegistry([event, event])).toThrow('Event type a.b is declared twice.');
  });
});

describe('a message', () => {
  const mediator = create(answer);
  const customer = { role: 'customer', keyId: 'k', customerId: 'c' } as const;

  it('is answered by its handler', async () => {
    expect(await mediator.send(ask({ question: 'why' }))).toBe('why!');
  });

  it('fails and is named when it has no handler', async () => {
    await expect(create().send(ask({ question: 'why' }))).rejects.toThrow('Ask has no handler.');
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

describe('a handler', () => {
  const declaration = { input: z.strictObject({}), result: z.unknown(), roles: [] };
  const read = defineQuery({ name: 'Read', ...declaration });
  const writeOnce = defineCommand({ name: 'WriteOnce', transaction: 'one_statement', ...declaration });
  const change = defineCommand({ name: 'Change', ...declaration });

  it('gets only what the mode of its message allows', () => {
    handle(read, async (_, { database }) => database);
    // @ts-expect-error A query writes nothing.
    handle(read, async (_, { uow }) => uow);
    handle(writeOnce, async (_, { uow }) => uow.insert(defineTable('thing', 'id'), {}));
    // @ts-expect-error It has no open transaction.
    handle(writeOnce, async (_, { uow }) => uow.tx);
    handle(change, async (_, { uow }) => uow.tx);
    // @ts-expect-error A second connection inside a transaction can deadlock the pool.
    handle(change, async (_, { database }) => database);
    expect([read.mode, writeOnce.mode, change.mode]).toEqual(['query', 'one_statement', 'interactive']);
  });
});
