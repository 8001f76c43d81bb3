import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export const SHOP_GROUP = 'shop';

const SHOP: Replicable = { group: SHOP_GROUP, service: 'shop.v1.Shop', reads: ['GetSales'] };

/** The gRPC service config that the replicas and the clients of a shop are given alike. */
export const shopServiceConfig = (mode: Mode) => serviceConfigOf(SHOP, mode);
