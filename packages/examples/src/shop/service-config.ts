/** The gRPC service config of a shop. */
import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export const SHOP_GROUP = 'shop';

const SHOP: Replicable = { group: SHOP_GROUP, service: 'shop.v1.Shop', reads: ['GetSales'] };

/** Returns the service config that all replicas and clients of a shop must share. */
export const shopServiceConfig = (mode: Mode) => serviceConfigOf(SHOP, mode);
