import { describe, expect, it } from 'vitest';
import { collectBooks } from '../packages/workshop/dist/demo/drive/collect.js';
import { compareSurvivors } from '../packages/workshop/dist/soak/survivors.js';
import { MODE } from './group.js';
import { violationsOf } from './nested/proof.js';
import { OPENING_CENTS, openAccounts, Shopping, salesOf } from './nested/shopping.js';
import { replacePrimary, replaceShop, withTown } from './nested/town.js';

const PURCHASES = 400;
const IN_FLIGHT = 16;
/** The least number of purchases answered between two kills. */
const BETWEEN_KILLS = 60;
/** How many payments, and how many parcels, have no answer yet when the shop's primary dies. */
const UNCERTAIN = 8;

const MODES = [
  { name: 'semi-active, stream', mode: MODE },
  { name: 'semi-active, rpc', mode: { ...MODE, carrier: 'rpc' } },
  { name: 'passive, stream', mode: { ...MODE, replication: 'passive' } },
  {
    name: 'passive, destination, acknowledged, stream',
    mode: { ...MODE, replication: 'passive', multicast: 'destination', release: 'acknowledged' },
  },
] as const;

describe('a shop that calls a bank and a post office', () => {
  it.each(MODES)(
    'sells, charges and sends everything once although primaries of shop and bank die: $name',
    ({ name, mode }) =>
      withTown(mode, async (town) => {
        const { stage, bank, shop, post, bankClient, shopClient } = town;
        const isPassive = mode.replication === 'passive';
        await openAccounts(bankClient);
        const shopping = new Shopping(shopClient, IN_FLIGHT);
        await shopping.answeredMore(BETWEEN_KILLS);
        await replaceShop(town, UNCERTAIN);
        await shopping.answeredMore(BETWEEN_KILLS);
        await replacePrimary(town, bank);
        await shopping.answeredMore(BETWEEN_KILLS);
        await replaceShop(town, UNCERTAIN);
        await shopping.answeredMore(BETWEEN_KILLS);
        await shopping.finish(PURCHASES);

        const { purchases } = shopping;
        const sales = await salesOf(shopClient);
        const books = await collectBooks(bankClient, OPENING_CENTS.keys());
        const { repeats, office } = post;
        expect(violationsOf({ purchases, sales, books, parcels: office.registered })).toEqual([]);
        for (const group of [bank, shop]) await group.until(() => group.whole);
        expect(await compareSurvivors(stage, bank, isPassive, books)).toEqual([]);
        const asPrimary = await shop.report(shop.primary?.replica.id ?? '');
        expect(await compareSurvivors(stage, shop, isPassive, asPrimary)).toEqual([]);
        const { heldUpTo } = (await bank.report(bank.primary?.replica.id ?? '')).status;
        console.log(
          `${name}: ${purchases.length} purchases, ${sales.length} sales; ` +
            `${repeats} parcels came again, ${heldUpTo - books.audit.operations} orders of the bank were no operations`,
        );

        // A passive backup executes its log only when it takes over, so a kill shows whether it reaches the same state.
        if (isPassive) await shop.killPrimary(() => false);
        expect(await salesOf(shopClient)).toEqual(sales);
        expect(post.repeats).toBe(repeats);
      }),
  );
});
