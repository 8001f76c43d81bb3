/** A bank, a shop and a post office for the tests of nested calls. */
import { credentials } from '@grpc/grpc-js';
import { replicated } from '@understudy/client';
import { BankClient } from '../../packages/examples/dist/bank/proto.js';
import { bankServiceConfig, type Mode } from '../../packages/examples/dist/bank/service-config.js';
import { ShopClient } from '../../packages/examples/dist/shop/proto.js';
import { shopServiceConfig } from '../../packages/examples/dist/shop/service-config.js';
import { Replicas } from '../../packages/workshop/dist/demo/stage/replicas.js';
import type { Stage } from '../../packages/workshop/dist/demo/stage/stage.js';
import { HANG_S, withStage } from '../group.js';
import { Post } from './post.js';

/** A bank and a shop, each a group of three processes; a post office; and clients of both groups. */
export interface Town {
  readonly stage: Stage;
  readonly bank: Replicas;
  readonly shop: Replicas;
  readonly post: Post;
  readonly bankClient: BankClient;
  readonly shopClient: ShopClient;
}

const REPLICAS = 3;

/** Runs a test, as `withStage` does, with a town whose replicas are in sync. */
export const withTown = (mode: Mode, use: (town: Town) => Promise<void>): Promise<void> =>
  withStage(HANG_S, async (stage) => {
    const post = new Post();
    const bank = await Replicas.start(stage, REPLICAS, mode);
    const ownOptions = ['--bank', bank.target, '--post', await post.open()];
    const shop = await Replicas.start(stage, REPLICAS, mode, { example: 'shop', ownOptions });
    await Promise.all([bank.formed(), shop.formed()]);
    const insecure = credentials.createInsecure();
    const bankClient = new BankClient(bank.target, insecure, replicated({ serviceConfig: bankServiceConfig(mode) }));
    const shopClient = new ShopClient(shop.target, insecure, replicated({ serviceConfig: shopServiceConfig(mode) }));
    try {
      await use({ stage, bank, shop, post, bankClient, shopClient });
    } finally {
      for (const client of [bankClient, shopClient]) client.close();
      post.close();
    }
  });

/** Kills a primary once all of its group is in sync, and starts it again when another serves. */
export async function replacePrimary({ stage }: Town, group: Replicas): Promise<void> {
  await group.until(() => group.whole);
  const killed = await group.killPrimary(() => false);
  if (killed === undefined) throw new Error('What was waited for does not hold.');
  await stage.until(group.childOf(killed.replica).exited);
  await group.until(() => group.primary !== undefined);
  group.startReplica(killed.replica);
}

/**
 * Kills the shop's primary when the bank has made payments, and the post office has taken parcels, whose answers have
 * not reached the shop.
 *
 * @param uncertain the least number of each
 */
export async function replaceShop(town: Town, uncertain: number): Promise<void> {
  const { bank, shop, post } = town;
  for (const group of [bank, shop]) await group.until(() => group.whole);
  await post.keepBack(uncertain);
  const before = post.repeats;
  const go = await keepPaymentsBack(bank, uncertain);
  const replaced = replacePrimary(town, shop);
  go();
  await replaced;
  // The next primary sends them again, under the same keys.
  await post.repeated(before + uncertain);
  post.release();
}

/**
 * Stops a backup of the bank. The bank then makes payments but answers none until the backup is back or removed.
 *
 * @returns the function that resumes the backup
 */
async function keepPaymentsBack(bank: Replicas, count: number): Promise<() => void> {
  const [backup] = bank.inSyncBackups;
  const { primary } = bank;
  if (backup === undefined || primary === undefined) throw new Error('What was waited for does not hold.');
  const child = bank.childOf(backup);
  child.suspend();
  while (bank.whole && (await bank.report(primary.replica.id)).status.waitingToRelease < count);
  return () => child.resume();
}
