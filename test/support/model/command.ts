import fc from 'fast-check';
import type { Answer } from '../../../testing/api-client';
import { eventually, must } from '../../../testing/eventually';
import type { E2eStack } from '../e2e-stack';
import { attendStuck } from './attend-stuck';
import type { ModelOrder, ShopModel } from './shop-model';

/** The real shop, and what tells one run's customers from another's. */
export interface RealShop {
  readonly stack: E2eStack;
  readonly brand: string;
}

export type ShopCommand = fc.AsyncCommand<ShopModel, RealShop>;

/** Some crashes in a row, each of which costs an attempt. */
export const DEADLINE_MS = 90_000;

/** Something that happens in the shop. `check`: whether it can, as the model says. */
export const command = (
  name: string,
  run: (model: ShopModel, real: RealShop) => Promise<unknown>,
  check: (model: ShopModel) => boolean = () => true,
): ShopCommand => ({ check, run: async (model, real) => void (await run(model, real)), toString: () => name });

/** On one of the orders, where there is one that it can be done to. */
export const onOrder = (
  name: string,
  run: (order: ModelOrder, model: ShopModel, real: RealShop) => Promise<unknown>,
  fits: (order: ModelOrder, model: ShopModel) => boolean = () => true,
): fc.Arbitrary<ShopCommand> =>
  fc.nat(20).map((pick) => {
    const find = (model: ShopModel): ModelOrder | undefined => {
      const fitting = model.orders.filter((order) => fits(order, model));
      return fitting[pick % fitting.length];
    };
    return command(
      `${name} #${pick}`,
      async (model, real) => {
        const order = find(model);
        if (order) await run(order, model, real);
      },
      (model) => find(model) !== undefined,
    );
  });

/**
 * A client asks again while nobody answers, the database is busy, or the payment is on its way: an operator sees to it
 * that it is.
 */
export const settled = <Body>(stack: E2eStack, ask: () => Promise<Answer<Body>>): Promise<Answer<Body>> =>
  eventually(
    async () => {
      const answer = await ask();
      if (answer.status === 202) await attendStuck(stack, 'retry');
      must(answer.status !== 202 && answer.status < 500, `it is still answered ${answer.status} ${answer.text}`);
      return answer;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 100 },
  );
