/** Shows how a group notices that a handler does something else on each replica, and how it heals. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnderstudyError } from '@understudy/core';
import { Bank, type BankHandlers, BankService, handlers } from '@understudy/examples';
import {
  checkDeterminism,
  DeterminismError,
  inProcessGroup,
  type TestedService,
  type TestGroup,
} from '@understudy/testing';
import colors from 'picocolors';

const REPLICAS = 3;
const DEPOSITS = 200;
/** The number of the deposit that the mistake changes. */
const MISTAKEN = 100;
const AMOUNT_CENTS = 100;
const BONUS_MAX_CENTS = 1_000_000n;
const WIDTH = 100;

interface Receipt {
  readonly balanceCents: number;
}

/** The bank's handlers with a mistake: one deposit gets a bonus that depends on a clock of the machine. */
function mistakenHandlers(bank: Bank): BankHandlers {
  const right = handlers(bank);
  return {
    ...right,
    deposit(call, reply) {
      const { request } = call;
      const bonus = request.operationId === MISTAKEN ? Number(process.hrtime.bigint() % BONUS_MAX_CENTS) : 0;
      right.deposit(
        Object.create(call, { request: { value: { ...request, amountCents: request.amountCents + bonus } } }),
        reply,
      );
    },
  };
}

function makeBank(): TestedService {
  const bank = new Bank();
  return { state: bank, addTo: (server) => server.addService(BankService, mistakenHandlers(bank)) };
}

/** @returns whether the group noticed the difference and healed */
export async function showDivergence(): Promise<boolean> {
  console.log(
    colors.bold(
      `A bank of ${REPLICAS} replicas, in this process. Deposit ${MISTAKEN} of ${DEPOSITS} gets a bonus from process.hrtime.`,
    ),
  );
  const group = await inProcessGroup(makeBank, { replicas: REPLICAS });
  try {
    return await show(group);
  } finally {
    await group.close();
  }
}

async function show(group: TestGroup): Promise<boolean> {
  const sinceMs = performance.now();
  const tell = (text: string): void => {
    const at = `${((performance.now() - sinceMs) / 1000).toFixed(3)} s`.padStart(9);
    console.log(`${at}  ${wrapped(text).join(`\n${' '.repeat(11)}`)}`);
  };
  await deposit(group, 1, MISTAKEN - 1);
  await group.settled();
  tell(`${MISTAKEN - 1} deposits, and all replicas have the same state: ${[...(await digestsOf(group))].join(', ')}`);
  const told = await deposit(group, MISTAKEN, MISTAKEN);
  tell(`deposit ${MISTAKEN}: the caller was told that alice has ${told} cents`);
  const last = await deposit(group, MISTAKEN + 1, DEPOSITS);
  // Meanwhile the replicas notice that they differ.
  while (group.divergences.length < REPLICAS - 1) {
    await settledAtLast(group);
    await nextTurn();
  }
  for (const { fields } of group.divergences)
    tell(colors.yellow(`${fields.replica} logs UNDERSTUDY_DIVERGED: ${fields.message}`));
  await group.rejoin();
  await settledAtLast(group);
  const digests = await digestsOf(group);
  tell(`all ${REPLICAS} replicas are in sync again, with the same state: ${[...digests].join(', ')}`);
  const dead = await group.killPrimary();
  const { reply } = await group.call('GetBalance', { account: 'alice' });
  const balance = (reply as Receipt | undefined)?.balanceCents;
  tell(`${dead}, the primary, is killed. Its successor says that alice has ${balance} cents`);

  const isHealed = digests.size === 1;
  const isFound = await isFoundByTests();
  const found = group.divergences.map(({ fields }) => fields.orderNum);
  console.log(colors.bold('Proof'));
  const claims: [boolean, string][] = [
    [
      found.length === REPLICAS - 1 && found.every((at) => Number(at) >= MISTAKEN),
      `both backups found that they differed, at orders ${found.join(' and ')}`,
    ],
    [isHealed, 'they restored, and all replicas have the same state'],
    [balance === last, `the successor has what callers were told: ${last} cents`],
    [isFound, 'the test kit finds the mistake before it is in production'],
  ];
  for (const [holds, text] of claims) console.log(`${holds ? colors.green('  ok  ') : colors.red('  FAIL')} ${text}`);
  return claims.every(([holds]) => holds);
}

/** @returns the balance of alice in the last reply */
async function deposit(group: TestGroup, from: number, to: number): Promise<number | undefined> {
  let balance: number | undefined;
  for (let operationId = from; operationId <= to; operationId++) {
    const { reply } = await group.call('Deposit', { operationId, account: 'alice', amountCents: AMOUNT_CENTS });
    balance = (reply as Receipt | undefined)?.balanceCents;
  }
  return balance;
}

/** `settled` reports each difference once. Here they are expected. */
async function settledAtLast(group: TestGroup): Promise<void> {
  for (let known = -1; known < group.divergences.length; ) {
    known = group.divergences.length;
    await group.settled().catch((error: unknown) => {
      if (!(error instanceof UnderstudyError && error.code === 'UNDERSTUDY_DIVERGED')) throw error;
      known = -1;
    });
  }
}

const digestsOf = async (group: TestGroup): Promise<Set<string>> => new Set(Object.values(await group.digests()));

async function isFoundByTests(): Promise<boolean> {
  try {
    const request = { operationId: MISTAKEN, account: 'alice', amountCents: AMOUNT_CENTS };
    await checkDeterminism(makeBank, [{ method: 'Deposit', request }]);
    return false;
  } catch (error) {
    if (!(error instanceof DeterminismError)) throw error;
    console.log(
      `\n${colors.bold('The same with checkDeterminism() of @understudy/testing')}\n${wrapped(error.message).join('\n')}\n`,
    );
    return true;
  }
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const part of text.split('\n')) {
    let line = '';
    for (const word of part.split(' ')) {
      if (line !== '' && line.length + word.length + 1 > WIDTH) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}
