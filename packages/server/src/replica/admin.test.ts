import { fileURLToPath } from 'node:url';
import { type Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { type Node, Stage } from '../testing/stage.js';

const protos = fileURLToPath(new URL('../../../../protos', import.meta.url));
const definition = loadSync('understudy/v1/admin.proto', { includeDirs: [protos], longs: Number, enums: String });
interface AdminPackage {
  understudy: { v1: { Admin: ServiceClientConstructor } };
}
const Admin = (loadPackageDefinition(definition) as unknown as AdminPackage).understudy.v1.Admin;

let stage: Stage;
let client: Client;
afterEach(async () => {
  client.close();
  await stage.end();
});

function ask(node: Node, name: 'Status' | 'StepDown'): Promise<Record<string, unknown>> {
  client = new Admin(node.address, credentials.createInsecure());
  const call = Object.getPrototypeOf(client)[name] as (...args: unknown[]) => void;
  return new Promise((resolve, reject) => {
    call.call(client, {}, (error: Error | null, answer: Record<string, unknown>) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
}

describe('the Admin service', () => {
  it('tells the status as its proto file defines it, for a backup too', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    await primary.add('a', 5);
    await stage.until(() => backup.status.stableUpTo === 1);
    const { replica, digest, epoch, ...known } = backup.status;
    expect(await ask(backup, 'Status')).toMatchObject({
      group: 'counters',
      replica: { id: 'r2', incarnation: Buffer.from(replica.incarnation, 'hex') },
      role: 'ROLE_BACKUP',
      term: 1,
      epoch,
      primary: 'r1',
      inSync: known.inSync.map(({ id, incarnation }) => ({ id, incarnation: Buffer.from(incarnation, 'hex') })),
      heldUpTo: 1,
      processedUpTo: 1,
      stableUpTo: 1,
      digest,
    });
  });

  it('hands over and says to which replica', async () => {
    stage = new Stage(memoryCoordinator());
    const [primary, backup] = (await stage.startGroup(2)) as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    expect(await ask(primary, 'StepDown')).toMatchObject({ handedOverTo: 'r2' });
    await stage.until(() => backup.status.role === 'primary');
  });
});
