import { sequenceDiagram, stateDiagram } from '../../../src/cli/run/declared-diagrams';
import { sagaSteps, type SagaType } from '../../../src/temporal-contract';
import { declaredSagas } from '../../../workflows/declared-sagas';

const outlines = declaredSagas();
const types = Object.keys(sagaSteps) as SagaType[];

/** Whom the saga asks for what, in order. */
const asked = (diagram: string): string[] =>
  [...diagram.matchAll(/^ +saga->>(\w+): (.+)$/gm)].map(([, step, activity]) => `${step} ${activity}`);

const transitions = (diagram: string): { from: string; to: string; label: string }[] =>
  [...diagram.matchAll(/^ {4}(\S+) --> (\S+?)(?:: (.+))?$/gm)].map(([, from = '', to = '', label = '']) => ({
    from,
    to,
    label,
  }));

it.each(types)('the %s saga declares the steps that its contract names', (type) => {
  expect(outlines[type].steps.map(({ name }) => name)).toEqual(sagaSteps[type]);
});

describe('the sequence diagram', () => {
  it('of the order saga calls the steps, and then the compensations in reverse order', () => {
    expect(asked(sequenceDiagram('order', outlines.order))).toEqual([
      'reserve_inventory reserveInventory',
      'charge charge',
      'charge chargeElsewhere',
      'close_invoice closeInvoice',
      'credit_balance creditBalance',
      'settle settlePayment',
      'settle confirmSettlement: did it happen?',
      'credit_balance reverseCredit',
      'close_invoice reopenInvoice',
      'charge refundCharge',
      'reserve_inventory releaseInventory',
    ]);
  });

  it('of the shipment saga ends with its follow-ups', () => {
    expect(asked(sequenceDiagram('shipment', outlines.shipment)).slice(-4)).toEqual([
      'book_carrier cancelBooking',
      'allocate releaseGoods',
      'reverse_credit reversePaymentCredit',
      'refund_payment refundPayment',
    ]);
  });

  it.each(types)('of the %s saga names every participant first, and closes every block', (type) => {
    const lines = sequenceDiagram(type, outlines[type]).trimEnd().split('\n');
    const known = ['saga', ...outlines[type].steps, ...outlines[type].followUps].map((step) =>
      typeof step === 'string' ? step : step.name,
    );
    expect(lines.flatMap((line) => /participant (\w+) as/.exec(line)?.[1] ?? [])).toEqual(known);
    for (const line of lines) {
      const ends = /^ +(\w+)-?->>(\w+): /.exec(line);
      if (ends) expect(known).toEqual(expect.arrayContaining([ends[1], ends[2]]));
    }
    const opened = lines.filter((line) => /^ +(alt|opt) /.test(line)).length;
    expect(lines.filter((line) => /^ +end$/.test(line))).toHaveLength(opened);
  });
});

describe('the state diagram', () => {
  it.each(types)('of the %s saga leads from every state to an end', (type) => {
    const all = transitions(stateDiagram(type, outlines[type]));
    const states = new Set(all.flatMap(({ from, to }) => [from, to]));
    const reaches = (from: string, seen = new Set([from])): Set<string> => {
      for (const next of all) if (next.from === from && !seen.has(next.to)) reaches(next.to, seen.add(next.to));
      return seen;
    };
    expect(reaches('[*]')).toEqual(states);
    for (const state of states) expect([...reaches(state)]).toContain('[*]');
    expect(states).toContain('completed');
    expect(states).toContain('compensated');
  });

  it('of the payment saga is this', () => {
    const all = transitions(stateDiagram('payment', outlines.payment)).filter(({ from, to }) => from !== to);
    expect(all.map(({ from, to }) => `${from} ${to}`)).toEqual([
      '[*] close_invoice',
      'close_invoice credit_balance',
      'credit_balance settle',
      'settle completed',
      'close_invoice undo_close_invoice',
      'credit_balance undo_credit_balance',
      'settle undo_credit_balance',
      'undo_credit_balance undo_close_invoice',
      'undo_close_invoice compensated',
      'completed [*]',
      'compensated [*]',
    ]);
  });

  it('lets an operator skip a compensation, but no follow-up', () => {
    const stuck = transitions(stateDiagram('shipment', outlines.shipment)).filter(({ from, to }) => from === to);
    expect(stuck.map(({ from, label }) => [from, label.endsWith('who may skip it')])).toEqual([
      ['undo_book_carrier', true],
      ['undo_allocate', true],
      ['reverse_credit', false],
      ['refund_payment', false],
    ]);
  });
});
