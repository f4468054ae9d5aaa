import {
  decideInvoice,
  evolveInvoice,
  type Invoice,
  type InvoiceCommand,
  type InvoiceStatus,
} from '../../../src/domain/invoice';
import { refusalCode } from '../../support/refusal-code';

const open: Invoice = {
  invoice_id: 'inv_1',
  order_id: 'ord_1',
  customer_id: 'cus_1',
  amount: 9900,
  currency: 'EUR',
  status: 'OPEN',
  payment_id: null,
  capture_ref: null,
  issued_at: '2026-11-21T00:00:00.000Z',
  version: 1,
};
const taken = { payment_id: 'pay_1', capture_ref: 'cap_1' };
const invoice = (status: InvoiceStatus): Invoice =>
  status === 'CLOSED' || status === 'PAID' ? { ...open, ...taken, status } : { ...open, status };
const after = (from: Invoice, command: InvoiceCommand): Invoice | undefined =>
  decideInvoice(command, from).reduce<Invoice | undefined>((state, event) => evolveInvoice(state, event), from);

describe('an invoice goes', () => {
  it.each<[InvoiceStatus, InvoiceCommand, InvoiceStatus]>([
    ['OPEN', { type: 'close', ...taken }, 'CLOSED'],
    ['CLOSED', { type: 'reopen', payment_id: 'pay_1' }, 'OPEN'],
    ['CLOSED', { type: 'settle', payment_id: 'pay_1' }, 'PAID'],
    ['OPEN', { type: 'void' }, 'VOID'],
    ['VOID', { type: 'void' }, 'VOID'],
  ])('from %s by %j to %s', (from, command, to) => {
    expect(after(invoice(from), command)).toEqual({ ...invoice(to), version: 1 });
  });

  it.each<[InvoiceStatus, InvoiceCommand, string]>([
    ['CLOSED', { type: 'close', ...taken }, 'invoice_already_paid'],
    ['PAID', { type: 'close', ...taken }, 'invoice_already_paid'],
    ['VOID', { type: 'close', ...taken }, 'invoice_not_payable'],
    ['CLOSED', { type: 'reopen', payment_id: 'another' }, 'invoice_not_closed'],
    ['PAID', { type: 'reopen', payment_id: 'pay_1' }, 'invoice_not_closed'],
    ['CLOSED', { type: 'settle', payment_id: 'another' }, 'invoice_not_closed'],
    ['OPEN', { type: 'settle', payment_id: 'pay_1' }, 'invoice_not_closed'],
    ['CLOSED', { type: 'void' }, 'invoice_not_voidable'],
  ])('not from %s by %j: %s', (from, command, code) => {
    expect(refusalCode(() => decideInvoice(command, invoice(from)))).toBe(code);
  });
});
