/** The shop's gRPC handlers, which call the bank and the post office. */
import { type requestCallback, status } from '@grpc/grpc-js';
import type { BankClient } from '../bank/proto.js';
import type { Dispatched, Parcel } from '../post/proto.js';
import { PRICES_CENTS } from './articles.js';
import type { Sale, ShopHandlers } from './proto.js';
import type { Shop } from './shop.js';

export const SALES_PAGE_MAX = 1_000;
/** The shop's own account at the bank. */
export const SHOP_ACCOUNT = 'shop';

/** The services that the shop calls. */
export interface Partners {
  readonly bank: Pick<BankClient, 'transfer'>;
  readonly post: { dispatch(parcel: Parcel, callback: requestCallback<Dispatched>): unknown };
}

/** Returns the gRPC handlers of a shop. They use ordinary stubs in the ordinary way. */
export function handlers(shop: Shop, { bank, post }: Partners): ShopHandlers {
  // The customer does not wait for the post office. If it refuses the parcel, the sale keeps tracking number 0.
  const dispatch = (sale: Sale): void => {
    const { number, customer, article } = sale;
    post.dispatch({ recipient: customer, content: article, reference: `sale ${number}` }, (_error, dispatched) => {
      if (dispatched !== undefined) shop.dispatched(sale, dispatched.trackingNumber);
    });
  };

  return {
    buy: ({ request: { customer, article } }, reply) => {
      const priceCents = PRICES_CENTS.get(article);
      if (priceCents === undefined) return reply({ code: status.NOT_FOUND, details: `there is no article ${article}` });
      const payment = shop.nextPayment();
      const transfer = { operationId: payment, account: customer, to: SHOP_ACCOUNT, amountCents: priceCents };
      bank.transfer(transfer, (error, paid) => {
        if (paid === undefined) return reply(error);
        const { balanceCents } = paid;
        const sale = shop.sell({ customer, article, priceCents, payment, balanceCents });
        reply(null, { sale: sale.number, priceCents, balanceCents });
        dispatch(sale);
      });
    },

    getSales: ({ request: { after, limit } }, reply) => {
      if (limit >= 1 && limit <= SALES_PAGE_MAX)
        return reply(null, { sales: shop.page(after, limit), sold: shop.sold });
      const details = `the limit of a page of sales must be from 1 to ${SALES_PAGE_MAX}`;
      reply({ code: status.INVALID_ARGUMENT, details });
    },
  };
}
