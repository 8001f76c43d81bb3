import type { ConnectionId } from '../../model/ids.js';
import type { OrderInfo } from '../../model/order-info.js';
import type { OrderSeal } from '../../model/ports.js';
import type { SealedOrders } from '../../model/sealed.js';

interface Content {
  readonly secret: string;
  readonly connection: ConnectionId;
  readonly orders: readonly OrderInfo[];
  readonly sealed: SealedOrders;
}

/** Stands for encryption where frames are passed on as objects: a box is a key to its content. */
const contents = new WeakMap<Uint8Array, Content>();

export const virtualSeal: OrderSeal = {
  seal(secret, connection, term, orders) {
    const last = orders.at(-1) ?? orders[0];
    const sealed = { term, first: orders[0].orderNum, last: last.orderNum, box: new Uint8Array(0) };
    contents.set(sealed.box, { secret, connection, orders, sealed });
    return sealed;
  },

  open(secret, connection, { term, first, last, box }) {
    const content = contents.get(box);
    if (content?.secret !== secret || content.connection !== connection) return undefined;
    const { sealed, orders } = content;
    return sealed.term === term && sealed.first === first && sealed.last === last ? orders : undefined;
  },
};

/** Looks into boxes, for tests: what the replicas could read. A forged box has nothing in it. */
export const contentOf = (sealed: readonly SealedOrders[]): OrderInfo[] =>
  sealed.flatMap(({ box }) => contents.get(box)?.orders ?? []);
