import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { outageAware, outageAwareFaults, outageAwareKeys, withFaults } from '../../../activities/failures';
import type { Mediator } from '../../../src/cqrs/mediator';
import { Refusal } from '../../../src/platform/refusal';

type Send = () => Promise<unknown>;

/** Runs an activity that sends one command, at its third attempt. @returns what it failed with */
function failureOf(send: Send, deadlineMs?: number): Promise<unknown> {
  const mediator = outageAware({ send: send as Mediator['send'] }, deadlineMs);
  const { step } = withFaults({ step: () => mediator.send({} as never) as Promise<unknown> });
  return run(step);
}

function run(activity: () => Promise<unknown>): Promise<unknown> {
  const environment = new MockActivityEnvironment({ attempt: 3 }, { logger: new DefaultLogger('ERROR') });
  return environment.run(activity).then(
    () => 'It did not fail.',
    (error: unknown) => error,
  );
}

const fails = (error: unknown): Send => jest.fn().mockRejectedValue(error);
const coded = (code: string): Error => Object.assign(new Error(`failed with ${code}`), { code });
/** As the database's driver has it. */
const stated = (code: string): Error => Object.assign(coded(code), { name: 'error', severity: 'ERROR' });
const outage = { type: 'outage', nonRetryable: false, details: [{ attempt: 3 }] };
const fault = { type: 'fault', nonRetryable: false };

describe('the failure of an activity', () => {
  it.each(['57P01', '53300', '28P01', '25006'])('is an outage when the database says %s', async (code) => {
    expect(await failureOf(fails(stated(code)))).toMatchObject(outage);
  });

  it('is an outage when the database cannot be reached', async () => {
    expect(await failureOf(fails(coded('ECONNREFUSED')))).toMatchObject(outage);
  });

  it('is an outage when the database does not answer in time', async () => {
    expect(await failureOf(() => new Promise(() => undefined), 20)).toMatchObject(outage);
  });

  it('is an outage when the fault points cannot be read', async () => {
    const { pass } = outageAwareFaults({ pass: () => Promise.reject(coded('ECONNRESET')) });
    expect(await run(() => pass('payments.charge'))).toMatchObject(outage);
  });

  it('is an outage when the idempotency keys cannot be read or written in time', async () => {
    const silent = (): Promise<never> => new Promise(() => undefined);
    const away = (): Promise<never> => Promise.reject(coded('ECONNRESET'));
    const { peek } = outageAwareKeys({ peek: silent, bar: silent }, 20);
    const { bar } = outageAwareKeys({ peek: away, bar: away });
    expect(await run(() => peek({ scope: 'order-1', key: 'charge', ttlMs: 1 }))).toMatchObject(outage);
    expect(await run(() => bar('order-1', 'settle'))).toMatchObject(outage);
  });

  it.each(['55P03', '40P01', '42P01', '22003'])('is a fault, and counted, when the database says %s', async (code) => {
    expect(await failureOf(fails(stated(code)))).toMatchObject(fault);
  });

  it('is a fault for a programming error of any class', async () => {
    expect(await failureOf(fails(new TypeError('x is not a function')))).toMatchObject(fault);
  });

  it('is a fault for an untranslated refusal, so that a step that must succeed is retried', async () => {
    expect(await failureOf(fails(new Refusal('refund_refused', 'No.')))).toMatchObject(fault);
  });

  it('stays unchanged when the activity chose its type', async () => {
    const refused = ApplicationFailure.nonRetryable('No.', 'payment_declined');
    expect(await failureOf(fails(refused))).toBe(refused);
  });
});
