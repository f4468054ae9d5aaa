import { placeOrder } from '../../../dev/client/shop';
import { DEADLINE_MS, type RealShop } from './command';
import { type Kind, kinds, type ShopModel } from './shop-model';

/** Orders it in the shop and in the model. @returns the order's id */
export async function placeKind(
  kind: Kind,
  customer: number,
  model: ShopModel,
  { stack, brand }: RealShop,
): Promise<string> {
  const byCard = 'payment_method' in kinds[kind];
  const order = await placeOrder(
    stack.service,
    {
      ...kinds[kind],
      customer_id: `${brand}_${customer}`,
      ...(byCard && { collection_method: 'charge_automatically' }),
    },
    DEADLINE_MS,
  );
  model.placed(kind, order);
  return order.order_id;
}
