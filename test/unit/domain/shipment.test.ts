import fc from 'fast-check';
import { decideShipment, evolveShipment, type Shipment, type ShipmentCommand } from '../../../src/domain/shipment';
import { playCommands } from '../../support/model/play-commands';
import { refusalCode } from '../../support/refusal-code';

const goods = {
  shipment_id: 'shp_1',
  order_id: 'ord_1',
  customer_id: 'cus_1',
  product_sku: 'mug',
  quantity: 2,
  requested_at: '2026-11-21T00:00:00.000Z',
};
const requested: Shipment = { ...goods, status: 'REQUESTED', booking_ref: null, failure_code: null, version: 1 };
const done: Shipment = { ...requested, status: 'DONE', booking_ref: 'bk_1' };
const failed: Shipment = { ...requested, status: 'FAILED', failure_code: 'shipment_refused' };

const request: ShipmentCommand = { type: 'request', shipment: goods };
const dispatch: ShipmentCommand = { type: 'dispatch', booking_ref: 'bk_1' };
const fail: ShipmentCommand = { type: 'fail', code: 'shipment_refused' };
const shipments = { decide: decideShipment, evolve: evolveShipment };

it.each([
  { title: 'requested', commands: [request], row: requested },
  { title: 'dispatched, with the carrier’s reference', commands: [request, dispatch], row: done },
  { title: 'failed, with its reason', commands: [request, fail], row: failed },
])('is $title', ({ commands, row }) => {
  expect(playCommands(shipments, commands)).toMatchObject({ state: row, folded: row, refusals: [] });
});

it.each([
  { from: done, command: dispatch },
  { from: done, command: fail },
  { from: failed, command: dispatch },
  { from: failed, command: fail },
])('does not leave $from.status by $command.type', ({ from, command }) => {
  expect(refusalCode(() => decideShipment(command, from))).toBe('shipment_not_requested');
});

it.each([dispatch, fail])('cannot $type before it is requested', (command) => {
  expect(() => decideShipment(command, undefined)).toThrow(/There is no shipment/);
});

it('ends once under any commands, and is the fold of its events', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(dispatch, fail), { maxLength: 8 }), (acts) => {
      const { state, folded, events, refusals } = playCommands(shipments, [request, ...acts]);
      expect(folded).toEqual(state);
      expect(events).toHaveLength(acts.length > 0 ? 2 : 1);
      expect(refusals).toEqual(acts.slice(1).map(() => 'shipment_not_requested'));
      expect(state?.status).toBe(
        acts[0] ? { dispatch: 'DONE', fail: 'FAILED', request: '' }[acts[0].type] : 'REQUESTED',
      );
    }),
  );
});

it('refuses an event log that does not begin with shipment.requested', () => {
  const payload = { shipment_id: 'shp_1', order_id: 'ord_1', code: 'x' };
  expect(() => evolveShipment(undefined, { type: 'shipment.failed', payload })).toThrow(/broken/);
});
