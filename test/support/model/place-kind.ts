import { randomUUID } from 'node:crypto';
import { must } from '../../../testing/eventually';
import { orderRequest, type OrderResponse } from '../../../testing/shop';
import { type RealShop, settled } from './command';
import { type Kind, kinds, type ShopModel } from './shop-model';

/** Orders it in the shop and in the model; what fails behind the commit is asked again by its key. @returns its id */
export async function placeKind(
  kind: Kind,
  customer: number,
  model: ShopModel,
  { stack, brand }: RealShop,
): Promise<string> {
  const byCard = 'payment_method' in kinds[kind];
  const json = orderRequest({
    ...kinds[kind],
    customer_id: `${brand}_${customer}`,
    ...(byCard && { collection_method: 'charge_automatically' }),
  });
  const headers = { 'idempotency-key': randomUUID() };
  const { status, body, text } = await settled(stack, () =>
    stack.service.call<OrderResponse>('POST', '/orders', { json, headers }),
  );
  must(status === 201, `POST /orders answered ${status} ${text}`);
  model.placed(kind, body);
  return body.order_id;
}
