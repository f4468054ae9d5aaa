/** An order of the service that the tests of the mediator's commands have in their catalogue, with its right price. */
export const newOrder = {
  customer_id: 'cus_1',
  product_sku: 'vps.s',
  amount: 9900,
  currency: 'EUR',
  quantity: 1,
  collection_method: 'send_invoice' as const,
};
